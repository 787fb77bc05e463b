-- What providers are asked to make. The job's source is the JSON `null` until its video is there.
CREATE TABLE generations (
    job_id TEXT NOT NULL REFERENCES jobs (id),
    run INTEGER NOT NULL,
    provider TEXT NOT NULL,
    order_json TEXT NOT NULL,
    -- waiting: to be sent. sending: may have arrived. sent: has its task. over: nothing more is asked.
    state TEXT NOT NULL CONSTRAINT generation_state_is_known CHECK (state IN ('waiting', 'sending', 'sent', 'over')),
    -- The provider's name for it.
    task_id TEXT,
    -- Tries to send it, then questions about it.
    tries INTEGER NOT NULL DEFAULT 0,
    due_at_ms INTEGER NOT NULL,
    -- When it was last sent; counted against the provider's rate.
    sent_at_ms INTEGER,
    deadline_at_ms INTEGER NOT NULL,
    PRIMARY KEY (job_id, run),
    CONSTRAINT task_belongs_to_one_generation UNIQUE (provider, task_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX generations_due ON generations (due_at_ms) WHERE state <> 'over';
CREATE INDEX generations_by_sending ON generations (provider, sent_at_ms) WHERE sent_at_ms IS NOT NULL;

-- A provider that asked for quiet gets it. One row: there is one account with each provider.
CREATE TABLE provider_holds (
    provider TEXT PRIMARY KEY,
    until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- However a run ends, nothing more is asked for it.
CREATE TRIGGER ended_job_needs_no_generation AFTER UPDATE OF state ON jobs
WHEN NEW.state IN ('success', 'failed', 'canceled') AND OLD.state NOT IN ('success', 'failed', 'canceled')
BEGIN
    UPDATE generations SET state = 'over' WHERE job_id = NEW.id AND run = NEW.run;
END;
