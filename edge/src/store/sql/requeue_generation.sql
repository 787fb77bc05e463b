-- requeue_generation: the provider refused it, so it waits to be sent again.  ?1 job id  ?2 run  ?3 due_at_ms  ?4 deadline_at_ms
UPDATE generations SET state = 'waiting', due_at_ms = ?3, deadline_at_ms = ?4 WHERE job_id = ?1 AND run = ?2 AND state = 'sending';
