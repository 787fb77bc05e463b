-- Customers' jobs. State changes are compare-and-set; see edge/src/store/sql.
CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    api_key_id TEXT NOT NULL REFERENCES api_keys (id),
    -- The API shape that the job was created through.
    dialect TEXT NOT NULL,
    -- Which start of the job; a report of an older run changes nothing.
    run INTEGER NOT NULL,
    state TEXT NOT NULL CONSTRAINT job_state_is_known
        CHECK (state IN ('created', 'queued', 'submitted', 'processing', 'transcoding', 'success', 'failed', 'canceled')),
    model TEXT NOT NULL,
    strategy_request TEXT NOT NULL,
    source_json TEXT NOT NULL,
    outputs_json TEXT NOT NULL,
    reserved_credits INTEGER NOT NULL CONSTRAINT reserve_is_never_negative CHECK (reserved_credits >= 0),
    stage TEXT,
    progress_percent INTEGER NOT NULL DEFAULT 0 CONSTRAINT progress_is_a_percentage CHECK (progress_percent BETWEEN 0 AND 100),
    -- Claims so far in this run.
    attempt INTEGER NOT NULL DEFAULT 0,
    lease_id TEXT,
    lease_expires_at_ms INTEGER,
    -- A queued job with no claim by then gets another task.
    task_due_at_ms INTEGER NOT NULL,
    -- What the transcoder found and made.
    facts_json TEXT,
    strategy TEXT,
    assets_json TEXT,
    error_code TEXT,
    error_message TEXT,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    queued_at_ms INTEGER NOT NULL,
    ended_at_ms INTEGER,
    -- Hidden from its owner.
    deleted_at_ms INTEGER
) STRICT;

CREATE INDEX jobs_by_account ON jobs (account_id, id DESC) WHERE deleted_at_ms IS NULL;
CREATE INDEX jobs_awaiting_a_claim ON jobs (task_due_at_ms) WHERE state = 'queued';
CREATE INDEX jobs_by_time_in_queue ON jobs (queued_at_ms) WHERE state = 'queued';
CREATE INDEX jobs_by_lease_expiry ON jobs (lease_expires_at_ms) WHERE state = 'transcoding';
