-- The class of the source's picture, once it was read.
ALTER TABLE jobs ADD COLUMN resolution TEXT;

-- How long jobs take, from their queue to their end: the sums of a line through (length of the video, length of the work).
-- Each further job makes the earlier ones count a fiftieth less, so that the sums follow the fleet and its queue.
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
