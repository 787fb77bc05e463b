-- list_deleted_jobs_with_objects: hidden for a while, with objects that may still be there.  ?1 deleted before_ms  ?2 limit
SELECT * FROM jobs WHERE deleted_at_ms IS NOT NULL AND objects_removed_at_ms IS NULL AND deleted_at_ms <= ?1
ORDER BY deleted_at_ms LIMIT ?2;
