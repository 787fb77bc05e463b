-- A key has one job of VidGen's at a time: whatever else goes wrong, the second one is not written.
CREATE UNIQUE INDEX one_active_vidgen_job_per_key ON jobs (api_key_id)
WHERE dialect = 'vidgen' AND state NOT IN ('success', 'failed', 'canceled');

-- However a run ends, its event is written in the same transaction: no path can forget it. VidGen's receivers hear of no cancellation.
DROP TRIGGER ended_job_has_an_event;

CREATE TRIGGER ended_job_has_an_event AFTER UPDATE OF state ON jobs
WHEN NEW.callback_url IS NOT NULL AND OLD.state NOT IN ('success', 'failed', 'canceled') AND NEW.state IN ('success', 'failed', 'canceled')
    AND NOT (NEW.dialect = 'vidgen' AND NEW.state = 'canceled')
BEGIN
    INSERT INTO deliveries (id, account_id, job_id, event, state, due_at_ms, created_at_ms)
    VALUES (
        'evt_' || substr(NEW.id, 5) || '_' || NEW.run, NEW.account_id, NEW.id,
        CASE NEW.state WHEN 'success' THEN 'job.completed' WHEN 'failed' THEN 'job.failed' ELSE 'job.canceled' END,
        'pending', NEW.updated_at_ms, NEW.updated_at_ms
    );
END;
