-- record_attempt: what came of a try.  ?1 delivery id  ?2 started_at_ms  ?3 duration_ms  ?4 status  ?5 error
INSERT INTO delivery_attempts (delivery_id, number, started_at_ms, duration_ms, status, error)
SELECT ?1, coalesce(max(number), 0) + 1, ?2, ?3, ?4, ?5 FROM delivery_attempts WHERE delivery_id = ?1;
