-- settle_delivery: the state after an attempt.  ?1 job id  ?2 run  ?3 moment  ?4 state  ?5 due_at_ms
UPDATE deliveries SET state = ?4, due_at_ms = ?5 WHERE job_id = ?1 AND run = ?2 AND moment = ?3 AND state = 'pending';
