-- delete_job: hides a job of the account of a key that may do so; a running one is canceled by it.
-- ?1 job id  ?2 key_sha256  ?3 now_ms
UPDATE jobs SET
    ended_at_ms = CASE WHEN state IN ('success', 'failed', 'canceled') THEN ended_at_ms ELSE ?3 END,
    stage = NULL,
    state = CASE WHEN state IN ('success', 'failed', 'canceled') THEN state ELSE 'canceled' END,
    deleted_at_ms = ?3, updated_at_ms = ?3
WHERE id = ?1 AND deleted_at_ms IS NULL
    AND account_id = (
        SELECT account_id FROM api_keys
        WHERE key_sha256 = ?2 AND (revoked_at_ms IS NULL OR revoked_at_ms > ?3) AND ' ' || scopes || ' ' LIKE '% jobs %'
    )
RETURNING run, callback_url IS NOT NULL AS has_callback;
