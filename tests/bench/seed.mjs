// Fills a local D1 database with accounts, jobs, ledger entries and deliveries, through the real migrations, as a service has
// them after a year. Writes SQLite's file before workerd opens it; the same arguments give the same rows.
//
// node seed.mjs '{"stateDir", "databaseId", "migrationsDir", "jobCount", "nowMs", "apiKey", "publicBaseUrl", "fileUrlSecret"}'
//
// Prints `{"done": …, "of": …}` as it goes on, and at the end what can be requested.

import { createHash, createHmac } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";

const ACCOUNTS = 100;
const JOBS_PER_TRANSACTION = 20_000;
const DAY_MS = 24 * 60 * 60 * 1_000;
/** Jobs are spread evenly over this time. */
const SPAN_MS = 300 * DAY_MS;
/** Enough for every job that is seeded and created later. */
const GRANT_CREDITS = 1_000_000_000_000;
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

const { stateDir, databaseId, migrationsDir, jobCount, nowMs, apiKey, publicBaseUrl, fileUrlSecret } = JSON.parse(process.argv[2]);
const keySha256 = createHash("sha256").update(apiKey).digest("hex");

let state = 0x9e3779b9;
/** Mulberry32: small, and the same everywhere. */
function random() {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}

function id(prefix, atMs) {
    let text = "";
    for (let rest = atMs, digit = 0; digit < 10; digit += 1, rest = Math.floor(rest / 32)) {
        text = ALPHABET[rest % 32] + text;
    }
    for (let digit = 0; digit < 16; digit += 1) {
        text += ALPHABET[Math.floor(random() * 32)];
    }
    return `${prefix}_${text}`;
}

/** The file that workerd opens: D1 is a Durable Object, and the file has the object's id as its name. */
function databaseFile() {
    const uniqueKey = "miniflare-D1DatabaseObject";
    const key = createHash("sha256").update(uniqueKey).digest();
    const hmac = (data) => createHmac("sha256", key).update(data).digest().subarray(0, 16);
    const name = hmac(databaseId);
    return join(stateDir, "d1", uniqueKey, `${Buffer.concat([name, hmac(name)]).toString("hex")}.sqlite`);
}

const file = databaseFile();
mkdirSync(dirname(file), { recursive: true });
const db = new DatabaseSync(file);
// An interrupted run starts again from nothing, so nothing needs to be durable in between.
db.exec("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -200000; PRAGMA foreign_keys = ON;");
for (const name of readdirSync(migrationsDir).filter((name) => name.endsWith(".sql")).sort()) {
    db.exec(readFileSync(join(migrationsDir, name), "utf8"));
}

const insert = (table, columns) =>
    db.prepare(`INSERT INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`);
const insertAccount = insert("accounts", ["id", "name", "created_at_ms"]);
const insertKey = insert("api_keys", ["id", "account_id", "key_sha256", "label", "dialect", "created_at_ms"]);
const insertGrant = insert("ledger_entries", ["id", "account_id", "kind", "amount_credits", "created_at_ms"]);
const insertEntry = insert("ledger_entries", ["id", "account_id", "api_key_id", "job_id", "run", "kind", "amount_credits", "created_at_ms"]);
const insertDelivery = insert("deliveries", ["job_id", "run", "moment", "account_id", "event", "state", "tries", "due_at_ms", "created_at_ms"]);
const insertAttempt = insert("delivery_attempts", ["job_id", "run", "moment", "number", "started_at_ms", "duration_ms", "status"]);
const insertJob = insert("jobs", [
    "id", "account_id", "api_key_id", "dialect", "run", "state", "model", "strategy_request", "outputs_json",
    "reserved_credits", "stage", "progress_percent", "attempt", "lease_id", "lease_expires_at_ms", "task_due_at_ms", "facts_json",
    "strategy", "assets_json", "error_code", "error_message", "created_at_ms", "reserved_at_ms", "updated_at_ms", "queued_at_ms", "ended_at_ms",
    "deleted_at_ms", "metadata_json", "callback_url", "options_json", "previews_json", "qa_report_json", "choice_json",
    "notifies_start", "notifies_cancellation", "is_only_active_job", "pool",
]);
const insertFile = insert("job_files", ["job_id", "run", "role", "object_key", "size_bytes"]);

const OUTPUTS = [["webm-vp9-alpha", "webm"], ["mov-prores4444", "mov"], ["matte-grayscale-mp4", "mp4"]];
const PREVIEWS = [["checkerboard", "mp4"], ["dark", "mp4"], ["light", "mp4"], ["checkerboard-poster", "png"], ["qa", "json"]];
const OPTIONS_JSON = JSON.stringify({ preset: "web-app", refineEdges: false, resolution: null });
const ENDS = { success: "settle", failed: "refund", canceled: "refund" };

/** Nearly all jobs are finished; the newest are not. */
function pickState(number) {
    if (jobCount - number <= 5) return number % 2 === 0 ? "queued" : "transcoding";
    const share = number % 100;
    return share < 90 ? "success" : share < 97 ? "failed" : "canceled";
}

const CHOICE = {
    strategy: "chroma-key", confidence: 0.97, reason: "The border shows a green screen.", mattingModel: null,
    runnersUp: [{ strategy: "static-camera", confidence: null, reason: "Not examined, since another strategy fits." }],
};

/** In the form of `shared/src/qa.rs`. */
function qaReport(assets, durationMs) {
    return {
        score: 93, scoreTerms: [{ term: "spill", error: 0.011 }, { term: "flicker", error: 0.003 }], choice: CHOICE,
        matte: {
            coverage: 0.31, softShare: 0.042, flicker: 0.003, spillResidue: 0.011, holes: 0.0004, edgeContact: 0.97,
            translucency: 0.02, missingShare: 0.001, screenLeftShare: 0,
            reconstructionError: 0.012, foreignShare: null, lackingShare: null, screenUnevenness: 0.08,
        },
        outputs: assets.map(({ output, size, frameCount, sizeBytes }) => ({
            format: output, ...size, frameRate: 30, frameCount, durationSec: durationMs / 1_000, sizeBytes, alphaPsnrDb: 43.21,
            colorPsnrDb: 39.87, avOffsetMs: 0,
        })),
        warnings: [{ code: "subject_touches_edge", message: "The subject reaches the frame's edge in most frames." }],
        tools: { bgless: "0.1.0", ffmpeg: "7.1.2" },
        stages: ["probing", "encoding", "verifying", "storing"].map((stage, index) => ({ stage, durationMs: 1_000 * (index + 1) })),
    };
}

function seedJob(number, owner) {
    const createdAtMs = Math.floor(nowMs - SPAN_MS + (SPAN_MS * (number + 1)) / (jobCount + 1));
    const [jobId, uploadId, leaseId] = [id("job", createdAtMs), id("upl", createdAtMs - 5_000), id("lea", createdAtMs + 1_000)];
    const [jobState, durationMs] = [pickState(number), 1_000 * (1 + (number % 30))];
    const seconds = durationMs / 1_000;
    const credits = seconds + Math.ceil(seconds * 0.1) * 2;
    const over = jobState in ENDS;
    const endedAtMs = over ? createdAtMs + 20_000 + durationMs * 4 : null;
    const deletedAtMs = over && number % 50 === 7 ? endedAtMs + 60_000 : null;
    const size = { width: 1_920, height: 1_080 };
    const assets = OUTPUTS.map(([output, extension], index) => ({
        output, objectKey: `outputs/${owner.id}/${jobId}/${leaseId}/${output}.${extension}`, sizeBytes: 100_000 * (index + 1) + number,
        size, frameCount: seconds * 30, durationMs, hasAudio: true,
    }));
    const previews = PREVIEWS.map(([kind, extension], index) => ({
        kind, objectKey: `outputs/${owner.id}/${jobId}/${leaseId}/previews/${kind}.${extension}`, sizeBytes: 10_000 * (index + 1),
        size: extension === "json" ? null : { width: 640, height: 360 },
    }));
    const facts = {
        container: "mov,mp4,m4a,3gp,3g2,mj2", videoCodec: "h264", pixelFormat: "yuv420p", size,
        frameRate: { numerator: 30, denominator: 1 }, durationMs, hasAlpha: false, hasAudio: true,
    };
    const source = { objectKey: `uploads/${owner.id}/${uploadId}/clip.mp4`, sizeBytes: 1_000_000 + number };
    const leased = jobState === "transcoding";
    const hasCallback = number % 10 < 3;
    insertJob.run(
        jobId, owner.id, owner.keyId, "bgless", 1, jobState, "auto", "auto",
        JSON.stringify(OUTPUTS.map(([output]) => output)), credits, leased ? "encoding" : null,
        jobState === "success" ? 100 : leased ? 40 : 0, jobState === "queued" ? 0 : 1, leased ? leaseId : null,
        leased ? nowMs + DAY_MS : null, createdAtMs + 300_000, jobState === "queued" ? null : JSON.stringify(facts),
        jobState === "success" ? "chroma-key" : null, jobState === "success" ? JSON.stringify(assets) : null,
        jobState === "failed" ? "no_matte_strategy" : null, jobState === "failed" ? "No flat screen was found." : null,
        createdAtMs, createdAtMs, endedAtMs ?? createdAtMs, createdAtMs, endedAtMs, deletedAtMs, JSON.stringify({ order: number }),
        hasCallback ? "https://example.com/hooks/bgless" : null, OPTIONS_JSON,
        jobState === "success" ? JSON.stringify(previews) : null,
        jobState === "success" ? JSON.stringify(qaReport(assets, durationMs)) : null,
        jobState === "success" ? JSON.stringify(CHOICE) : null,
        0, 1, 0, "light",
    );
    insertFile.run(jobId, 1, "source", source.objectKey, source.sizeBytes);
    insertEntry.run(id("led", createdAtMs), owner.id, owner.keyId, jobId, 1, "reserve", -credits, createdAtMs);
    if (!over) return jobId;
    const kind = ENDS[jobState];
    insertEntry.run(id("led", endedAtMs), owner.id, owner.keyId, jobId, 1, kind, kind === "refund" ? credits : 0, endedAtMs);
    if (hasCallback) {
        const event = `job.${{ success: "completed" }[jobState] ?? jobState}`;
        insertDelivery.run(jobId, 1, "end", owner.id, event, "delivered", 1, endedAtMs + 100, endedAtMs);
        insertAttempt.run(jobId, 1, "end", 1, endedAtMs + 100, 50, 200);
    }
    return jobId;
}

const begunAtMs = nowMs - SPAN_MS - DAY_MS;
const owners = Array.from({ length: ACCOUNTS }, (_, index) => {
    const owner = { id: id("acc", begunAtMs), keyId: id("key", begunAtMs) };
    insertAccount.run(owner.id, `account ${index}`, begunAtMs);
    // Only the first account is used; the others have hashes that no key has.
    insertKey.run(owner.keyId, owner.id, index === 0 ? keySha256 : `${index}`.padStart(64, "0"), "bench", "bgless", begunAtMs);
    insertGrant.run(id("led", begunAtMs), owner.id, "grant", GRANT_CREDITS, begunAtMs);
    return owner;
});

/** Finished jobs of the first account, spread over its history. */
const readable = [];
for (let number = 0; number < jobCount; ) {
    db.exec("BEGIN");
    for (const end = Math.min(jobCount, number + JOBS_PER_TRANSACTION); number < end; number += 1) {
        // A few accounts have most of the jobs: the first a tenth of all.
        const owner = owners[Math.floor(ACCOUNTS * random() ** 2)];
        const jobId = seedJob(number, owner);
        if (owner === owners[0] && pickState(number) === "success" && number % 50 !== 7) readable.push(jobId);
    }
    db.exec("COMMIT");
    console.log(JSON.stringify({ done: number, of: jobCount }));
}
const source = signSource(owners[0].id);
db.prepare("INSERT INTO uploads (id, account_id, object_key, created_at_ms) VALUES (?, ?, ?, ?)").run(
    source.sourceKey.split("/")[2], owners[0].id, source.sourceKey, nowMs,
);
db.close();
const step = Math.max(1, Math.floor(readable.length / 50));
const jobIds = readable.filter((_, index) => index % step === 0);
console.log(JSON.stringify({ jobIds, keySha256, ...source }));

/** A file URL of the first account, as `POST /v1/uploads` gives it; good for a day. */
function signSource(accountId) {
    const sourceKey = `uploads/${accountId}/${id("upl", nowMs)}/clip.mp4`;
    const [sizeBytes, expiresS] = [1_000, Math.floor((nowMs + DAY_MS) / 1_000)];
    const signature = createHmac("sha256", fileUrlSecret).update(`${sourceKey}\n${sizeBytes}\n${expiresS}`).digest("hex");
    const sourceUrl = `${publicBaseUrl}/files/${sourceKey}?size=${sizeBytes}&expires=${expiresS}&signature=${signature}`;
    return { sourceKey, sourceUrl, sourceSizeBytes: sizeBytes };
}
