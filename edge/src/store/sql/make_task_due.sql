-- make_task_due: the next sweep sends a queued run another task.  ?1 job id  ?2 run  ?3 now_ms
UPDATE jobs SET task_due_at_ms = ?3 WHERE id = ?1 AND run = ?2 AND state = 'queued' AND task_due_at_ms > ?3;
