-- redeliver_event: from the beginning of the schedule, for an event of the account of a key that may do so.
-- ?1 key_sha256  ?2 job id  ?3 run  ?4 moment  ?5 now_ms
UPDATE deliveries SET state = 'pending', tries = 0, due_at_ms = ?5
WHERE job_id = ?2 AND run = ?3 AND moment = ?4
    AND account_id = (SELECT account_id FROM job_api_keys WHERE key_sha256 = ?1 AND valid_until_ms > ?5)
RETURNING job_id;
