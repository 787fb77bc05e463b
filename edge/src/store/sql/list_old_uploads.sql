-- list_old_uploads: past their retention, and nobody works on them any more.  ?1 created before_ms  ?2 limit
SELECT id, source_json FROM uploads
WHERE created_at_ms <= ?1 AND NOT EXISTS (
    SELECT 1 FROM jobs
    WHERE jobs.account_id = uploads.account_id AND jobs.source_json = uploads.source_json
        AND jobs.state NOT IN ('success', 'failed', 'canceled')
) AND NOT EXISTS (
    SELECT 1 FROM jobs
    WHERE jobs.account_id = uploads.account_id AND jobs.background_json = uploads.source_json
        AND jobs.state NOT IN ('success', 'failed', 'canceled')
) AND NOT EXISTS (
    SELECT 1 FROM jobs
    WHERE jobs.account_id = uploads.account_id AND jobs.sound_json = uploads.source_json
        AND jobs.state NOT IN ('success', 'failed', 'canceled')
)
ORDER BY created_at_ms LIMIT ?2;
