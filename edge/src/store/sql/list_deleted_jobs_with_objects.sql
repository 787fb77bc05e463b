-- list_deleted_jobs_with_objects: deleted for a while, with objects that may still exist.  ?1 deleted before_ms  ?2 limit
SELECT * FROM jobs_with_files WHERE deleted_at_ms IS NOT NULL AND objects_removed_at_ms IS NULL AND deleted_at_ms <= ?1
ORDER BY deleted_at_ms LIMIT ?2;
