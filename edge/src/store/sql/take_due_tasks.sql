-- take_due_tasks: queued runs whose task seems lost; marked, so that a backlog is not sent again each minute.
-- ?1 now_ms  ?2 next task_due_at_ms  ?3 limit
UPDATE jobs SET task_due_at_ms = ?2
WHERE id IN (SELECT id FROM jobs WHERE state = 'queued' AND task_due_at_ms <= ?1 ORDER BY task_due_at_ms LIMIT ?3)
RETURNING id, run;
