// The edge's SQL files against D1, and authentication.

import bind_idempotency_key from "../../../edge/src/store/sql/bind_idempotency_key.sql";
import create_job from "../../../edge/src/store/sql/create_job.sql";
import create_job_files from "../../../edge/src/store/sql/create_job_files.sql";
import create_reserve_entry from "../../../edge/src/store/sql/create_reserve_entry.sql";
import find_api_key from "../../../edge/src/store/sql/find_api_key.sql";
import find_job from "../../../edge/src/store/sql/find_job.sql";
import find_job_of_key from "../../../edge/src/store/sql/find_job_of_key.sql";
import get_spending_limit from "../../../edge/src/store/sql/get_spending_limit.sql";
import list_jobs_of_key from "../../../edge/src/store/sql/list_jobs_of_key.sql";
import list_jobs_of_key_in_states from "../../../edge/src/store/sql/list_jobs_of_key_in_states.sql";
import list_matting_models from "../../../edge/src/store/sql/list_matting_models.sql";
import record_key_use from "../../../edge/src/store/sql/record_key_use.sql";
import { Refusal } from "./refusal.js";
import { sha256Hex } from "./signature.js";

const SQL = {
    bind_idempotency_key, create_job, create_job_files, create_reserve_entry, find_api_key, find_job, find_job_of_key,
    get_spending_limit, list_jobs_of_key, list_jobs_of_key_in_states, list_matting_models, record_key_use,
};
const USE_RECORDED_EVERY_MS = 60 * 60 * 1_000;

/** Runs statements in one transaction; returns the rows of each. */
export async function batch(db, statements) {
    const results = await db.batch(statements.map(([name, ...params]) => db.prepare(SQL[name]).bind(...params)));
    return results.map(({ results: rows }) => rows);
}

/** As `batch`, counting the round trips of a request. */
export function runBatch(c, statements) {
    c.set("roundTrips", c.get("roundTrips") + 1);
    return batch(c.env.DB, statements);
}

/** As `runBatch`, for writes: only once the request is known to be within its limits. */
export async function runWrites(c, statements) {
    if ((await c.get("admission"))?.exceeded) throw new Refusal(429, "rate_limited");
    return runBatch(c, statements);
}

/** The hash of the key that a request presents, or null; computed once. */
export function presentedKey(c) {
    const made = c.get("keyHash");
    if (made !== undefined) return made;
    const bearer = /^bearer (.+)$/i.exec(c.req.header("authorization") ?? "")?.[1].trim();
    const key = bearer || c.req.header("x-api-key")?.trim();
    const hash = key ? sha256Hex(key) : null;
    c.set("keyHash", hash);
    return hash;
}

/** As `presentedKey`, for routes that need a key. */
export function requiredKey(c) {
    const hash = presentedKey(c);
    if (hash === null) throw new Refusal(401, "missing_api_key");
    return hash;
}

/** The row of a key with the scope `jobs`. Its use is recorded after the response, once an hour. */
export function authenticated(c, [key]) {
    const now = Date.now();
    if (!key) throw new Refusal(401, "invalid_api_key");
    if (key.revoked_at_ms !== null && key.revoked_at_ms <= now) throw new Refusal(401, "revoked_api_key");
    if (!key.scopes.split(" ").includes("jobs")) throw new Refusal(403, "forbidden");
    if (key.last_used_at_ms === null || key.last_used_at_ms + USE_RECORDED_EVERY_MS <= now) {
        c.executionCtx.waitUntil(batch(c.env.DB, [["record_key_use", key.id, now]]));
    }
    return key;
}
