// Creates a job: validates the request and its source, reserves the price, sends a task to the queue.

import { MODELS, OUTPUTS, PRESETS, RESOLUTIONS, priceCredits, resolveModel } from "./model.js";
import { Refusal } from "./refusal.js";
import { verifyFileUrl } from "./signature.js";
import { runWrites } from "./store.js";
import { ulid } from "./ulid.js";

const ASSUMED_DURATION_MS = 10_000;
const SOURCE_DURATION_MS_MAX = 60 * 60 * 1_000;
const METADATA_SIZE_BYTES_MAX = 4 * 1_024;
const TASK_DUE_AFTER_MS = 5 * 60 * 1_000;
/** Stored with a job; the measured requests set the first three alone. */
export const OPTIONS = {
    preset: "web-app", refineEdges: false, resolution: null,
    key: { screenColor: null, blackPoint: null, whitePoint: null, spillStrength: null }, mattingModel: null,
    composition: { background: null, picture: null, canvas: null, anchor: "center", scaleMillionths: 1_000_000, offsetPx: [0, 0] },
    sourceDurationMsMax: null,
};

/** The row of a new job. */
export async function createJob(c, key, body) {
    const request = jobRequest(body);
    const { env } = c;
    const source = await resolveSource(env, key, request.videoUrl);
    const now = Date.now();
    const month = new Date(now).toISOString().slice(0, 7);
    const { tariff, strategy, pool } = MODELS[request.model];
    const credits = priceCredits(tariff, request.durationMs, request.options.resolution ?? "1080p", request.outputs.length);
    const jobId = `job_${ulid(now)}`;
    const files = JSON.stringify([{ role: "source", ...source }]);
    const [created, , , spendingLimit, , [job]] = await runWrites(c, [
        [
            "create_job", jobId, key.account_id, key.id, "bgless", request.model, strategy, 0,
            JSON.stringify(request.outputs), credits, now + TASK_DUE_AFTER_MS, now, month, request.metadataJson, null, null,
            JSON.stringify(request.options), null, null, pool, 0, 1, 0, 1, files,
        ],
        ["create_job_files", jobId, files],
        ["create_reserve_entry", `led_${ulid(now)}`, jobId, now],
        ["get_spending_limit", key.id, month],
        ["bind_idempotency_key", key.account_id, "", jobId],
        ["find_job", jobId],
    ]);
    if (!created.length) {
        const [{ monthly_quota_credits: quota, used_credits: used }] = spendingLimit;
        if (quota !== null && quota - used < credits) throw new Refusal(429, "rate_limited");
        throw new Refusal(402, "insufficient_credits");
    }
    const task = { version: "TranscodeV1", jobId, run: job.run };
    const queue = pool === "heavy" ? env.TRANSCODE_HEAVY_QUEUE : env.TRANSCODE_QUEUE;
    await queue.sendBatch([{ body: task, contentType: "json" }]).catch((error) => {
        console.warn(JSON.stringify({ level: "warn", message: "task was not queued", "job.id": jobId, error: `${error}` }));
    });
    return job;
}

function jobRequest(body) {
    const { input, options = {}, model: modelName, metadata } = object("body", body);
    const { mode, videoUrl, alphaStrategy, durationSec, resolution = null, refineEdges = false } = object("input", input);
    if (!["video", "text", "image"].includes(mode)) throw Refusal.of("input.mode", "Must be `video`, `text` or `image`.");
    const model = resolveModel(modelName, alphaStrategy, mode);
    const { outputs = ["webm-vp9-alpha"], preset = "web-app" } = object("options", options);
    if (!Array.isArray(outputs) || !outputs.length) throw Refusal.of("options.outputs", "Must name at least one output.");
    if (!outputs.every((name) => Object.hasOwn(OUTPUTS, name))) throw Refusal.of("options.outputs", "Names an unknown output.");
    if (new Set(outputs).size < outputs.length) throw Refusal.of("options.outputs", "Must not name an output twice.");
    if (resolution !== null && !RESOLUTIONS.includes(resolution)) {
        throw Refusal.of("input.resolution", "Must be `720p`, `1080p` or `2160p`.");
    }
    if (!PRESETS.includes(preset)) throw Refusal.of("options.preset", "Must be `web-app`, `editing` or `social`.");
    if (typeof refineEdges !== "boolean") throw Refusal.of("input.refineEdges", "Must be true or false.");
    const durationMs = durationSec === undefined ? ASSUMED_DURATION_MS : Math.ceil(durationSec * 1_000);
    if (!(durationMs > 0 && durationMs <= SOURCE_DURATION_MS_MAX)) throw Refusal.of("input.durationSec", "Is out of bounds.");
    const metadataJson = metadata === undefined ? null : JSON.stringify(object("metadata", metadata));
    if (metadataJson?.length > METADATA_SIZE_BYTES_MAX) throw Refusal.of("metadata", "Is too long.");
    if (MODELS[model].unavailable !== null) throw new Refusal(409, "model_unavailable", MODELS[model].unavailable, "model");
    if (typeof videoUrl !== "string") throw Refusal.of("input.videoUrl", "Is required.");
    return { model, videoUrl, outputs, durationMs, options: { ...OPTIONS, preset, refineEdges, resolution }, metadataJson };
}

function object(field, value) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw Refusal.of(field, "Must be an object.");
    return value;
}

/** A source on this host: its URL must have a valid signature and belong to the account, and the object must have the signed size. */
async function resolveSource(env, key, videoUrl) {
    const url = URL.parse(videoUrl);
    if (url?.host !== new URL(env.PUBLIC_BASE_URL).host) throw Refusal.of("input.videoUrl", "Must be one of our file URLs.");
    const { objectKey, sizeBytes } = await verifyFileUrl(env, url);
    const [folder, accountId] = objectKey.split("/");
    if (!["uploads", "outputs"].includes(folder) || accountId !== key.account_id) throw new Refusal(403, "invalid_file_url");
    const object = await env.BUCKET.head(objectKey);
    if (object?.size !== sizeBytes) throw new Refusal(409, "upload_missing");
    return { kind: "object", objectKey, sizeBytes };
}
