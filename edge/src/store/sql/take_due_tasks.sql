-- take_due_tasks: queued runs whose task seems lost; marked, so that a backlog is not sent again each minute.
-- The longer a run has waited the later it is due again, so that a long queue is not filled with repeats.
-- ?1 now_ms  ?2 pause_ms, at least  ?3 limit
UPDATE jobs SET task_due_at_ms = CAST(?1 AS INTEGER) + max(CAST(?2 AS INTEGER), CAST(?1 AS INTEGER) - queued_at_ms)
WHERE id IN (SELECT id FROM jobs WHERE state = 'queued' AND task_due_at_ms <= ?1 ORDER BY task_due_at_ms LIMIT ?3)
RETURNING id, run, pool;
