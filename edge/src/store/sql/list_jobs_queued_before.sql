-- list_jobs_queued_before: runs that no transcoder took for too long.  ?1 queued_at_ms  ?2 limit
SELECT id, run FROM jobs WHERE state = 'queued' AND queued_at_ms <= ?1 ORDER BY queued_at_ms LIMIT ?2;
