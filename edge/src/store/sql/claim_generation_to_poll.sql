-- claim_generation_to_poll: the right to poll it once; of several callers, one finds it due.
-- ?1 job id  ?2 run  ?3 now_ms  ?4 due_at_ms
UPDATE generations SET tries = tries + 1, due_at_ms = ?4
WHERE job_id = ?1 AND run = ?2 AND state = 'sent' AND due_at_ms <= ?3 AND deadline_at_ms > ?3
RETURNING *;
