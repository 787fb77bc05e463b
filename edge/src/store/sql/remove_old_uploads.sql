-- remove_old_uploads: from now on nobody may read those that are past their retention and needed by no job that is not over.
-- ?1 created before_ms  ?2 limit  ?3 now_ms
UPDATE uploads SET removed_at_ms = ?3
WHERE id IN (
    SELECT id FROM uploads
    WHERE removed_at_ms IS NULL AND created_at_ms <= ?1 AND NOT EXISTS (
        SELECT 1 FROM objects_in_use WHERE objects_in_use.object_key = uploads.object_key AND objects_in_use.is_over = 0
    )
    ORDER BY created_at_ms LIMIT ?2
)
RETURNING id;
