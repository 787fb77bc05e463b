-- list_removed_uploads: those that no client can still be uploading.  ?1 created before_ms  ?2 limit
SELECT id, object_key FROM uploads WHERE removed_at_ms IS NOT NULL AND created_at_ms <= ?1 ORDER BY created_at_ms LIMIT ?2;
