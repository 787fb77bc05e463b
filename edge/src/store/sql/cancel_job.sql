-- cancel_job: a job that waits ends, for a key of its account that may say so. It stays where it is.  ?1 job id  ?2 key_sha256  ?3 now_ms
UPDATE jobs SET state = 'canceled', updated_at_ms = ?3, ended_at_ms = ?3
WHERE id = ?1 AND state IN ('created', 'queued') AND deleted_at_ms IS NULL
    AND account_id = (
        SELECT account_id FROM api_keys
        WHERE key_sha256 = ?2 AND (revoked_at_ms IS NULL OR revoked_at_ms > ?3) AND ' ' || scopes || ' ' LIKE '% jobs %'
    )
RETURNING run, callback_url IS NOT NULL AS has_callback;
