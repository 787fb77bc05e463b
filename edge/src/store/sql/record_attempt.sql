-- record_attempt: what an attempt at a delivery came to.
-- ?1 job id  ?2 run  ?3 moment  ?4 started_at_ms  ?5 duration_ms  ?6 status  ?7 error
INSERT INTO delivery_attempts (job_id, run, moment, number, started_at_ms, duration_ms, status, error)
SELECT ?1, ?2, ?3, coalesce(max(number), 0) + 1, ?4, ?5, ?6, ?7
FROM delivery_attempts WHERE job_id = ?1 AND run = ?2 AND moment = ?3;
