-- Receivers of some dialects are told when work begins. The list of events is a constraint, so the tables are made anew; the
-- children go first, so that no key is ever left without what it refers to.
DROP TRIGGER ended_job_has_an_event;

CREATE TABLE told_events (
    -- `evt_` + the job's ULID + the run, + `_start` for a beginning: the event's stable id, the same at each try.
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    job_id TEXT NOT NULL REFERENCES jobs (id),
    event TEXT NOT NULL CONSTRAINT event_is_known CHECK (event IN ('job.started', 'job.completed', 'job.failed', 'job.canceled')),
    state TEXT NOT NULL CONSTRAINT delivery_state_is_known CHECK (state IN ('pending', 'delivered', 'failed')),
    -- Tries since the event or the last redelivery by hand.
    tries INTEGER NOT NULL DEFAULT 0,
    due_at_ms INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE told_attempts (
    delivery_id TEXT NOT NULL REFERENCES told_events (id),
    number INTEGER NOT NULL,
    started_at_ms INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    -- What the receiver answered; NULL when it did not.
    status INTEGER,
    -- Why there was no answer, in words of ours.
    error TEXT,
    PRIMARY KEY (delivery_id, number)
) STRICT, WITHOUT ROWID;

INSERT INTO told_events SELECT id, account_id, job_id, event, state, tries, due_at_ms, created_at_ms FROM deliveries;
INSERT INTO told_attempts SELECT delivery_id, number, started_at_ms, duration_ms, status, error FROM delivery_attempts;
DROP TABLE delivery_attempts;
DROP TABLE deliveries;
ALTER TABLE told_events RENAME TO deliveries;
ALTER TABLE told_attempts RENAME TO delivery_attempts;

CREATE INDEX deliveries_by_job ON deliveries (job_id);
CREATE INDEX deliveries_due ON deliveries (due_at_ms) WHERE state = 'pending';

-- However a run ends, its event is written in the same transaction: no path can forget it.
CREATE TRIGGER ended_job_has_an_event AFTER UPDATE OF state ON jobs
WHEN NEW.callback_url IS NOT NULL AND OLD.state NOT IN ('success', 'failed', 'canceled') AND NEW.state IN ('success', 'failed', 'canceled')
BEGIN
    INSERT INTO deliveries (id, account_id, job_id, event, state, due_at_ms, created_at_ms)
    VALUES (
        'evt_' || substr(NEW.id, 5) || '_' || NEW.run, NEW.account_id, NEW.id,
        CASE NEW.state WHEN 'success' THEN 'job.completed' WHEN 'failed' THEN 'job.failed' ELSE 'job.canceled' END,
        'pending', NEW.updated_at_ms, NEW.updated_at_ms
    );
END;

-- Work begins once in a run, however often it begins again.
CREATE TRIGGER begun_job_has_an_event AFTER UPDATE OF state ON jobs
WHEN NEW.callback_url IS NOT NULL AND NEW.dialect IN ('unscreen', 'removebgvideo')
    AND OLD.state = 'queued' AND NEW.state IN ('submitted', 'processing', 'transcoding')
BEGIN
    INSERT INTO deliveries (id, account_id, job_id, event, state, due_at_ms, created_at_ms)
    VALUES (
        'evt_' || substr(NEW.id, 5) || '_' || NEW.run || '_start', NEW.account_id, NEW.id, 'job.started',
        'pending', NEW.updated_at_ms, NEW.updated_at_ms
    )
    ON CONFLICT (id) DO NOTHING;
END;
