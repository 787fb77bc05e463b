-- Jobs, and the files that they read. State changes are compare-and-set: edge/src/store/sql.

CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    api_key_id TEXT NOT NULL REFERENCES api_keys (id),

    -- The request.
    -- The API shape that the job was created through, and what the edge does differently for it.
    dialect TEXT NOT NULL,
    notifies_start INTEGER NOT NULL CONSTRAINT notifies_start_is_a_boolean CHECK (notifies_start IN (0, 1)),
    notifies_cancellation INTEGER NOT NULL CONSTRAINT notifies_cancellation_is_a_boolean CHECK (notifies_cancellation IN (0, 1)),
    is_only_active_job INTEGER NOT NULL CONSTRAINT is_only_active_job_is_a_boolean CHECK (is_only_active_job IN (0, 1)),
    -- The parts of the request that only its dialect understands, as JSON.
    dialect_request_json TEXT,
    -- The caller's name for the request.
    request_id TEXT,
    model TEXT NOT NULL,
    strategy_request TEXT NOT NULL,
    outputs_json TEXT NOT NULL,
    options_json TEXT NOT NULL,
    -- The caller's own data, returned as it came.
    metadata_json TEXT,
    -- The webhook receiver.
    callback_url TEXT,
    -- Signs its webhooks instead of the account's secret. Encrypted: edge/src/domain/secret_box.rs.
    callback_secret_box TEXT,

    -- The state.
    -- Number of the current start: 0 for a draft. Reports of an older run change nothing.
    run INTEGER NOT NULL,
    state TEXT NOT NULL CONSTRAINT job_state_is_known
        CHECK (state IN ('created', 'queued', 'submitted', 'processing', 'transcoding', 'success', 'failed', 'canceled')),
    -- Whether the run has ended. A failed run may still be followed by another one.
    is_over INTEGER NOT NULL GENERATED ALWAYS AS (state IN ('success', 'failed', 'canceled')),
    -- Whether a provider has yet to generate the source (0005).
    awaits_video INTEGER NOT NULL DEFAULT 0 CONSTRAINT awaits_video_is_a_boolean CHECK (awaits_video IN (0, 1)),
    reserved_credits INTEGER NOT NULL CONSTRAINT reserve_is_never_negative CHECK (reserved_credits >= 0),
    -- THE REFUND RULE: what the run costs in its state. What is reserved beyond it is refunded when the run ends.
    charged_credits INTEGER NOT NULL GENERATED ALWAYS AS (CASE WHEN state IN ('created', 'failed', 'canceled') THEN 0 ELSE reserved_credits END),
    error_code TEXT,
    error_message TEXT,

    -- The work on the run.
    -- The queue of its task: long work must not delay short work, nor the other way round.
    pool TEXT NOT NULL CONSTRAINT pool_is_known CHECK (pool IN ('light', 'heavy')),
    -- A queued run that was not claimed by then gets another task.
    task_due_at_ms INTEGER NOT NULL,
    -- Claims so far.
    attempt INTEGER NOT NULL DEFAULT 0,
    lease_id TEXT,
    lease_expires_at_ms INTEGER,
    stage TEXT,
    progress_percent INTEGER NOT NULL DEFAULT 0 CONSTRAINT progress_is_a_percentage CHECK (progress_percent BETWEEN 0 AND 100),

    -- The results of the run.
    -- Facts of the source, its resolution class, and why the matte strategy was chosen.
    facts_json TEXT,
    resolution TEXT,
    strategy TEXT,
    choice_json TEXT,
    assets_json TEXT,
    previews_json TEXT,
    qa_report_json TEXT,

    created_at_ms INTEGER NOT NULL,
    -- When the run reserved its credits; of a draft, when it was created.
    reserved_at_ms INTEGER NOT NULL,
    -- The month (UTC, `2026-11`) whose quota the run counts against, also for refunds in a later month.
    month TEXT NOT NULL GENERATED ALWAYS AS (strftime('%Y-%m', reserved_at_ms / 1000, 'unixepoch')),
    updated_at_ms INTEGER NOT NULL,
    queued_at_ms INTEGER NOT NULL,
    ended_at_ms INTEGER,
    -- Set when the owner deleted the job, which hides it.
    deleted_at_ms INTEGER,
    -- Set when its objects were removed from the bucket, after its deletion or at the end of their retention.
    objects_removed_at_ms INTEGER
) STRICT;

-- An account's jobs, newest first; of one state without a walk through all the others.
CREATE INDEX jobs_by_account ON jobs (account_id, id DESC) WHERE deleted_at_ms IS NULL;
CREATE INDEX jobs_by_account_and_state ON jobs (account_id, state, id DESC) WHERE deleted_at_ms IS NULL;
-- The sweep's work.
CREATE INDEX jobs_awaiting_a_claim ON jobs (task_due_at_ms) WHERE state = 'queued';
CREATE INDEX jobs_by_time_in_queue ON jobs (queued_at_ms) WHERE state = 'queued';
CREATE INDEX jobs_by_lease_expiry ON jobs (lease_expires_at_ms) WHERE state = 'transcoding';
CREATE INDEX jobs_deleted_with_objects ON jobs (deleted_at_ms) WHERE deleted_at_ms IS NOT NULL AND objects_removed_at_ms IS NULL;
CREATE INDEX jobs_ended_with_objects ON jobs (ended_at_ms) WHERE ended_at_ms IS NOT NULL AND objects_removed_at_ms IS NULL;
-- Where a dialect allows one active job per key, no statement can write a second one.
CREATE UNIQUE INDEX one_active_job_per_key ON jobs (api_key_id) WHERE is_only_active_job = 1 AND is_over = 0;

-- Every input file of every run: the one place that says which uploads a job depends on.
CREATE TABLE job_files (
    job_id TEXT NOT NULL REFERENCES jobs (id),
    run INTEGER NOT NULL,
    -- source: the video, or the picture of a portrait. background: the scene without the subject, for matting.
    -- sound: the audio of a portrait. backdrop: shown behind the subject. prompt_image, prompt_sound: for a provider.
    role TEXT NOT NULL CONSTRAINT job_file_role_is_known
        CHECK (role IN ('source', 'background', 'sound', 'backdrop', 'prompt_image', 'prompt_sound')),
    -- An object in our bucket, or an address elsewhere.
    object_key TEXT,
    size_bytes INTEGER,
    url TEXT,
    PRIMARY KEY (job_id, run, role),
    CONSTRAINT job_file_is_an_object_or_a_url
        CHECK ((object_key IS NULL) = (size_bytes IS NULL) AND (object_key IS NULL) <> (url IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX job_files_by_object ON job_files (object_key) WHERE object_key IS NOT NULL;

-- Which jobs depend on an object. A deleted job depends on nothing. `is_over` tells jobs that may still read it from the others.
CREATE VIEW objects_in_use AS
SELECT job_files.object_key, job_files.job_id, jobs.is_over
FROM job_files JOIN jobs ON jobs.id = job_files.job_id
WHERE job_files.object_key IS NOT NULL AND jobs.deleted_at_ms IS NULL AND jobs.objects_removed_at_ms IS NULL;

-- Jobs as the edge reads them: with the files of the current run as a JSON array.
CREATE VIEW jobs_with_files AS
SELECT jobs.*, (
    SELECT json_group_array(json_object('role', role, 'objectKey', object_key, 'sizeBytes', size_bytes, 'url', url))
    FROM job_files WHERE job_files.job_id = jobs.id AND job_files.run = jobs.run
) AS files_json
FROM jobs;
