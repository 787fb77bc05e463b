-- list_expired_jobs_with_objects: past their retention, with objects that may still exist.  ?1 ended before_ms  ?2 limit
SELECT * FROM jobs_with_files WHERE ended_at_ms IS NOT NULL AND objects_removed_at_ms IS NULL AND ended_at_ms <= ?1
ORDER BY ended_at_ms LIMIT ?2;
