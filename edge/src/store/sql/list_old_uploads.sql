-- list_old_uploads: past their retention, and needed by no job that is not over.  ?1 created before_ms  ?2 limit
SELECT id, object_key FROM uploads
WHERE created_at_ms <= ?1 AND NOT EXISTS (
    SELECT 1 FROM objects_in_use WHERE objects_in_use.object_key = uploads.object_key AND objects_in_use.is_over = 0
)
ORDER BY created_at_ms LIMIT ?2;
