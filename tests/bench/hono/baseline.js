// The baseline of `cargo x bench edge`: the calls to D1, R2, the queue and the Durable Objects that the measured routes make,
// and nothing else: no router, no validation, no response bodies. What the other two Workers cost above it is their own.

import { OPTIONS } from "./create_job.js";
import { MODEL_FORGOTTEN_AFTER_MS } from "./model.js";
import { countAll } from "./rate_limit.js";
import { batch } from "./store.js";
import { ulid } from "./ulid.js";

export { RateLimiter } from "./rate_limit.js";

const MONTH_CHARS = 7;
const OPTIONS_JSON = JSON.stringify({ ...OPTIONS, resolution: "1080p" });

export default {
    async fetch(request, env) {
        const path = request.url.slice(request.url.indexOf("/", 8));
        const hash = request.headers.get("x-key-sha256");
        const submits = request.method === "POST";
        const counted = path === "/health" ? null : countAll(env, ["address 203.0.113.7", `key ${hash}`], submits);
        if (submits) {
            await create(env, hash, request.headers.get("x-object-key"), counted);
        } else if (path.startsWith("/v1/jobs/")) {
            await batch(env.DB, [["find_api_key", hash], ["find_job_of_key", hash, path.slice("/v1/jobs/".length)]]);
        } else if (path === "/v1/jobs") {
            await batch(env.DB, [["find_api_key", hash], ["list_jobs_of_key", hash, "job_~", 20, 0]]);
        } else if (path === "/v1/models") {
            await batch(env.DB, [["list_matting_models", Date.now() - MODEL_FORGOTTEN_AFTER_MS]]);
        }
        await counted;
        return new Response("ok");
    },
};

async function create(env, hash, objectKey, counted) {
    const [[key]] = await batch(env.DB, [["find_api_key", hash]]);
    const { size } = await env.BUCKET.head(objectKey);
    const now = Date.now();
    const month = new Date(now).toISOString().slice(0, MONTH_CHARS);
    const jobId = `job_${ulid(now)}`;
    const files = JSON.stringify([{ role: "source", objectKey, sizeBytes: size }]);
    await counted;
    await batch(env.DB, [
        [
            "create_job", jobId, key.account_id, key.id, "bgless", "auto", "auto", 0,
            '["webm-vp9-alpha","mov-prores4444"]', 12, now + 300_000, now, month, '{"order":1}', null, null,
            OPTIONS_JSON, null, null, "light", 0, 1, 0, 1, files,
        ],
        ["create_job_files", jobId, files],
        ["create_reserve_entry", `led_${ulid(now)}`, jobId, now],
        ["get_spending_limit", key.id, month],
        ["bind_idempotency_key", key.account_id, "", jobId],
        ["find_job", jobId],
    ]);
    await env.TRANSCODE_QUEUE.sendBatch([{ body: { version: "TranscodeV1", jobId, run: 1 }, contentType: "json" }]);
}
