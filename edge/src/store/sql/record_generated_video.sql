-- record_generated_video: the run has its source, and waits for a transcoder.  ?1 job id  ?2 run  ?3 task_due_at_ms  ?4 now_ms
UPDATE jobs SET state = 'queued', awaits_video = 0, task_due_at_ms = ?3, updated_at_ms = ?4
WHERE id = ?1 AND run = ?2 AND awaits_video = 1 AND state IN ('queued', 'submitted', 'processing')
RETURNING id;
