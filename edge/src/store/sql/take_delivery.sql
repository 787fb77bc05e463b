-- take_delivery: one attempt at an event that is due. It is due again later, should this attempt be lost.
-- ?1 job id  ?2 run  ?3 moment  ?4 now_ms  ?5 due again at_ms
UPDATE deliveries SET tries = tries + 1, due_at_ms = ?5
WHERE job_id = ?1 AND run = ?2 AND moment = ?3 AND state = 'pending' AND due_at_ms <= ?4
RETURNING *;
