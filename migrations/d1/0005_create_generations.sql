-- Videos that providers generate. A job's source is missing, and jobs.awaits_video is 1, until its video exists.

CREATE TABLE generations (
    job_id TEXT NOT NULL REFERENCES jobs (id),
    run INTEGER NOT NULL,
    provider TEXT NOT NULL,
    -- The prompt and its settings. Its image and sound are job_files of the run.
    request_json TEXT NOT NULL,
    -- waiting: to be sent. sending: may have arrived. sent: has a task. over: nothing more is asked.
    state TEXT NOT NULL CONSTRAINT generation_state_is_known CHECK (state IN ('waiting', 'sending', 'sent', 'over')),
    -- The provider's id of it.
    task_id TEXT,
    -- Attempts to send it, then polls.
    tries INTEGER NOT NULL DEFAULT 0,
    due_at_ms INTEGER NOT NULL,
    -- When it was last sent; counted against the provider's rate limit.
    sent_at_ms INTEGER,
    deadline_at_ms INTEGER NOT NULL,
    PRIMARY KEY (job_id, run),
    CONSTRAINT task_belongs_to_one_generation UNIQUE (provider, task_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX generations_due ON generations (due_at_ms) WHERE state <> 'over';
CREATE INDEX generations_by_sending ON generations (provider, sent_at_ms) WHERE sent_at_ms IS NOT NULL;

-- A provider that is not sent anything until then, because it asked for that. One row each: we have one account with each.
CREATE TABLE provider_pauses (
    provider TEXT PRIMARY KEY,
    until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- However a run ends, its generation ends too.
CREATE TRIGGER ended_job_ends_its_generation AFTER UPDATE OF state ON jobs WHEN NEW.is_over = 1 AND OLD.is_over = 0
BEGIN
    UPDATE generations SET state = 'over' WHERE job_id = NEW.id AND run = NEW.run;
END;
