-- claim_job: a free run becomes leased, for one attempt.
-- ?1 job id  ?2 run  ?3 lease_id  ?4 lease_expires_at_ms  ?5 now_ms  ?6 attempts_max
UPDATE jobs SET state = 'transcoding', attempt = attempt + 1, lease_id = ?3, lease_expires_at_ms = ?4, stage = NULL, updated_at_ms = ?5
WHERE id = ?1 AND run = ?2 AND attempt < ?6
    AND (state = 'queued' OR (state = 'transcoding' AND lease_expires_at_ms <= ?5))
RETURNING *;
