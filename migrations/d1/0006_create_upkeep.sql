-- What the service keeps for itself: uploads to remove in time, repeated requests, work times, the fleet's models.

-- Files that clients announced, so that they are removed at the end of their retention, used or not.
CREATE TABLE uploads (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    object_key TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX uploads_by_age ON uploads (created_at_ms);

-- Requests by their `Idempotency-Key`, for a day.
CREATE TABLE idempotency_keys (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    key TEXT NOT NULL,
    -- SHA-256 of path and body: the same key with another request is an error.
    fingerprint TEXT NOT NULL,
    started_at_ms INTEGER NOT NULL,
    -- Set in the batch that creates the job; NULL while the request runs.
    job_id TEXT REFERENCES jobs (id),
    -- The answer, byte for byte.
    answer_json TEXT,
    PRIMARY KEY (account_id, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (started_at_ms);

-- How long jobs take from queue to end, per model and resolution class: the sums of a linear regression of work time over video
-- duration. Each job weights the earlier ones by 0.98, so that the sums follow the fleet and its queue.
CREATE TABLE work_history (
    model TEXT NOT NULL,
    resolution TEXT NOT NULL,
    jobs INTEGER NOT NULL,
    weight REAL NOT NULL,
    duration_ms REAL NOT NULL,
    work_ms REAL NOT NULL,
    duration_ms_squared REAL NOT NULL,
    duration_ms_by_work_ms REAL NOT NULL,
    PRIMARY KEY (model, resolution)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER succeeded_job_is_history AFTER UPDATE OF state ON jobs
WHEN OLD.state <> 'success' AND NEW.state = 'success' AND NEW.resolution IS NOT NULL AND NEW.facts_json IS NOT NULL
BEGIN
    INSERT INTO work_history (
        model, resolution, jobs, weight, duration_ms, work_ms, duration_ms_squared, duration_ms_by_work_ms
    )
    SELECT NEW.model, NEW.resolution, 1, 1.0, length_ms, work_ms, length_ms * length_ms, length_ms * work_ms
    FROM (
        SELECT CAST(json_extract(NEW.facts_json, '$.durationMs') AS REAL) AS length_ms,
            CAST(NEW.ended_at_ms - NEW.queued_at_ms AS REAL) AS work_ms
    )
    WHERE true
    ON CONFLICT (model, resolution) DO UPDATE SET
        jobs = jobs + 1,
        weight = weight * 0.98 + 1.0,
        duration_ms = duration_ms * 0.98 + excluded.duration_ms,
        work_ms = work_ms * 0.98 + excluded.work_ms,
        duration_ms_squared = duration_ms_squared * 0.98 + excluded.duration_ms_squared,
        duration_ms_by_work_ms = duration_ms_by_work_ms * 0.98 + excluded.duration_ms_by_work_ms;
END;

-- The operator's matting models, as transcoders report them every few minutes.
CREATE TABLE matting_models (
    id TEXT PRIMARY KEY,
    -- In the operator's order.
    position INTEGER NOT NULL,
    model_json TEXT NOT NULL,
    is_working INTEGER NOT NULL CONSTRAINT is_working_is_a_boolean CHECK (is_working IN (0, 1)),
    seen_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX matting_models_by_sight ON matting_models (seen_at_ms);
