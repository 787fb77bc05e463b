-- Which requests were made under which `Idempotency-Key`, for a day.
CREATE TABLE idempotency_keys (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    key TEXT NOT NULL,
    -- SHA-256 of path and body: the same key with another request is a mistake.
    fingerprint TEXT NOT NULL,
    started_at_ms INTEGER NOT NULL,
    -- Set in the same batch that creates the job; NULL while the request runs.
    job_id TEXT REFERENCES jobs (id),
    -- The answer, word for word.
    answer_json TEXT,
    PRIMARY KEY (account_id, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (started_at_ms);
