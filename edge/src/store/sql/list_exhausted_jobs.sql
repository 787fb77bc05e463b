-- list_exhausted_jobs: runs whose last attempt died.  ?1 lease_expired_before_ms  ?2 attempts_max  ?3 limit
SELECT id, run FROM jobs WHERE state = 'transcoding' AND lease_expires_at_ms <= ?1 AND attempt >= ?2 ORDER BY lease_expires_at_ms LIMIT ?3;
