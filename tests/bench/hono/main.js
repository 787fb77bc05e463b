// The Hono Worker that `cargo x bench edge` measures the edge against: the same responses from the same database, bucket
// and queue. It runs the edge's own SQL files and serves the measured routes alone: no `Idempotency-Key`, no `wait`, no
// callbacks, no sources on other hosts. Validation is by hand, which costs less than a schema library would.

import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { cors } from "hono/cors";

import { createJob } from "./create_job.js";
import { jobOut } from "./job.js";
import { MODEL_FORGOTTEN_AFTER_MS, modelsOut } from "./model.js";
import { limit } from "./rate_limit.js";
import { Refusal } from "./refusal.js";
import { authenticated, requiredKey, runBatch } from "./store.js";
import { ulid } from "./ulid.js";

export { RateLimiter } from "./rate_limit.js";

const BODY_SIZE_BYTES_MAX = 256 * 1_024;
const PAGE_LIMIT = 20;
const PAGE_LIMIT_MAX = 100;
const JOB_ID = /^job_[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
const EXPOSED_HEADERS = [
    "x-request-id", "retry-after", "server-timing", "content-range", "etag", "ratelimit", "ratelimit-policy", "ratelimit-limit",
    "ratelimit-remaining", "ratelimit-reset",
];
const STATES = ["queued", "transcoding", "success", "failed", "canceled"];

const app = new Hono();

app.use(
    cors({ origin: "*", exposeHeaders: EXPOSED_HEADERS }),
    async (c, next) => {
        const presented = c.req.header("x-request-id");
        const requestId = presented && /^[\w.:-]{1,128}$/.test(presented) ? presented : `req_${ulid(Date.now())}`;
        c.set("requestId", requestId);
        c.set("roundTrips", 0);
        await next();
        const roundTrips = c.get("roundTrips");
        c.header("x-request-id", requestId);
        c.header("server-timing", `d1;desc="${roundTrips} round trips"`);
        c.header("vary", "access-control-request-headers");
        console.log(
            JSON.stringify({
                "d1.round_trips": `${roundTrips}`, level: "info", message: "request", method: c.req.method, path: c.req.path,
                "request.id": requestId, status: `${c.res.status}`,
            }),
        );
    },
    limit,
    bodyLimit({ maxSize: BODY_SIZE_BYTES_MAX, onError: () => { throw new Refusal(413, "payload_too_large"); } }),
);

app.onError((error, c) => {
    const requestId = c.get("requestId");
    const refusal = error instanceof Refusal ? error : new Refusal(500, "internal");
    if (refusal !== error) console.error(JSON.stringify({ level: "error", "request.id": requestId, error: `${error}` }));
    const { code, message, field } = refusal;
    return c.json({ error: { code, message, requestId, request_id: requestId, field } }, refusal.status);
});
app.notFound(() => {
    throw new Refusal(404, "not_found");
});

app.get("/health", (c) => c.json({ status: "ok" }));
app.get("/v1/models", async (c) => {
    const [models] = await runBatch(c, [["list_matting_models", Date.now() - MODEL_FORGOTTEN_AFTER_MS]]);
    return c.json({ data: modelsOut(models) });
});

app.get("/v1/jobs/:id", async (c) => {
    const hash = await requiredKey(c);
    const id = c.req.param("id");
    const [key, job] = await runBatch(c, [["find_api_key", hash], ["find_job_of_key", hash, id]]);
    authenticated(c, key);
    if (!JOB_ID.test(id) || !job.length) throw new Refusal(404, "job_not_found");
    return c.json({ data: await jobOut(c.env, job[0]) });
});

app.get("/v1/jobs", async (c) => {
    const hash = await requiredKey(c);
    const { limit: limitText = `${PAGE_LIMIT}`, cursor = "job_~", status } = c.req.query();
    const limit = Number(limitText);
    if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_LIMIT_MAX) throw Refusal.of("limit", `Must be from 1 to ${PAGE_LIMIT_MAX}.`);
    if (!cursor.startsWith("job") || cursor.length > 40) throw Refusal.of("cursor", "Must be a `nextCursor` of the same list.");
    if (status !== undefined && !STATES.includes(status)) throw Refusal.of("status", `Must be one of ${STATES}.`);
    const list =
        status === undefined
            ? ["list_jobs_of_key", hash, cursor, limit + 1, 0]
            : ["list_jobs_of_key_in_states", hash, cursor, limit + 1, 0, status, null, null, null];
    const [key, jobs] = await runBatch(c, [["find_api_key", hash], list]);
    authenticated(c, key);
    const shown = jobs.slice(0, limit);
    const data = await Promise.all(shown.map((job) => jobOut(c.env, job)));
    return c.json({ data, nextCursor: jobs.length > limit ? shown.at(-1).id : null });
});

app.post("/v1/jobs", async (c) => {
    const hash = await requiredKey(c);
    if (c.req.header("content-type")?.split(";")[0].trim().toLowerCase() !== "application/json") {
        throw new Refusal(415, "unsupported_media_type");
    }
    const body = await c.req.json().catch(() => { throw new Refusal(400, "invalid_json"); });
    const [key] = await runBatch(c, [["find_api_key", hash]]);
    const job = await createJob(c, authenticated(c, key), body);
    return c.json({ data: await jobOut(c.env, job) }, 202);
});

export default app;
