-- record_provider_task: the id that the provider gave it. The first id stays.
-- ?1 job id  ?2 run  ?3 task_id  ?4 due_at_ms  ?5 deadline_at_ms
UPDATE generations SET state = 'sent', task_id = ?3, tries = 0, due_at_ms = ?4, deadline_at_ms = ?5
WHERE job_id = ?1 AND run = ?2 AND state = 'sending' AND task_id IS NULL
RETURNING job_id;
