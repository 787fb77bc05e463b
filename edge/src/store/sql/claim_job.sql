-- claim_job: a free run becomes leased, for one attempt. Asked again with the same lease id, it counts once. A run that awaits its
-- video cannot be claimed.
-- ?1 job id  ?2 run  ?3 lease_id  ?4 lease_expires_at_ms  ?5 now_ms  ?6 attempts_max
UPDATE jobs SET
    attempt = attempt + CASE WHEN lease_id = ?3 THEN 0 ELSE 1 END,
    state = 'transcoding', lease_id = ?3, lease_expires_at_ms = ?4, stage = NULL, updated_at_ms = ?5
WHERE id = ?1 AND run = ?2 AND awaits_video = 0
    AND ((attempt < ?6 AND (state = 'queued' OR (state = 'transcoding' AND lease_expires_at_ms <= ?5)))
        OR (state IN ('transcoding', 'queued') AND lease_id = ?3))
RETURNING id;
