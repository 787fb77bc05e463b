-- requeue_expired_leases: runs whose transcoder is silent and that have attempts left wait for another one. The lease id stays:
-- until another transcoder claims the run, a report under it still counts.
-- ?1 now_ms  ?2 attempts_max  ?3 limit
UPDATE jobs SET state = 'queued', stage = NULL, lease_expires_at_ms = NULL, task_due_at_ms = ?1, updated_at_ms = ?1
WHERE id IN (SELECT id FROM jobs WHERE state = 'transcoding' AND lease_expires_at_ms <= ?1 AND attempt < ?2 ORDER BY lease_expires_at_ms LIMIT ?3)
RETURNING id;
