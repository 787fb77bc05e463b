-- Webhooks: events to deliver, and the attempts to deliver them. The events that a job's dialect wants are columns of jobs.

CREATE TABLE deliveries (
    -- Identify the event, at each attempt alike. Receivers see them as one text: edge/src/domain/webhook.rs, EventId.
    job_id TEXT NOT NULL REFERENCES jobs (id),
    run INTEGER NOT NULL,
    moment TEXT NOT NULL CONSTRAINT moment_is_known CHECK (moment IN ('start', 'end')),
    account_id TEXT NOT NULL REFERENCES accounts (id),
    event TEXT NOT NULL CONSTRAINT event_is_known CHECK (event IN ('job.started', 'job.completed', 'job.failed', 'job.canceled')),
    -- failed: every attempt of the schedule failed. It can be redelivered by hand.
    state TEXT NOT NULL CONSTRAINT delivery_state_is_known CHECK (state IN ('pending', 'delivered', 'failed')),
    -- Attempts since the event or the last redelivery by hand.
    tries INTEGER NOT NULL DEFAULT 0,
    due_at_ms INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    PRIMARY KEY (job_id, run, moment)
) STRICT, WITHOUT ROWID;

CREATE INDEX deliveries_due ON deliveries (due_at_ms) WHERE state = 'pending';

CREATE TABLE delivery_attempts (
    job_id TEXT NOT NULL,
    run INTEGER NOT NULL,
    moment TEXT NOT NULL,
    -- From 1, across redeliveries.
    number INTEGER NOT NULL,
    started_at_ms INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    -- The HTTP status of the answer; NULL if there was none.
    status INTEGER,
    -- Why there was no answer.
    error TEXT,
    PRIMARY KEY (job_id, run, moment, number),
    CONSTRAINT attempt_belongs_to_a_delivery FOREIGN KEY (job_id, run, moment) REFERENCES deliveries (job_id, run, moment)
) STRICT, WITHOUT ROWID;

-- Writes the event in the transaction that changes the job's state, so no code path can forget it: one when the work of a run
-- starts, however often it starts again, and one when the run ends.
CREATE TRIGGER job_state_change_creates_an_event AFTER UPDATE OF state ON jobs
WHEN NEW.callback_url IS NOT NULL AND (
    (NEW.is_over = 1 AND OLD.is_over = 0 AND (NEW.state <> 'canceled' OR NEW.notifies_cancellation = 1))
    OR (NEW.notifies_start = 1 AND OLD.state = 'queued' AND NEW.state IN ('submitted', 'processing', 'transcoding'))
)
BEGIN
    INSERT INTO deliveries (job_id, run, moment, account_id, event, state, due_at_ms, created_at_ms)
    VALUES (
        NEW.id, NEW.run, CASE NEW.is_over WHEN 1 THEN 'end' ELSE 'start' END, NEW.account_id,
        CASE NEW.state WHEN 'success' THEN 'job.completed' WHEN 'failed' THEN 'job.failed' WHEN 'canceled' THEN 'job.canceled'
            ELSE 'job.started' END,
        'pending', NEW.updated_at_ms, NEW.updated_at_ms
    )
    ON CONFLICT (job_id, run, moment) DO NOTHING;
END;
