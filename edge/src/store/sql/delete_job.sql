-- delete_job: hides a job of the account of a key that may do so; a job that is not over is canceled by it.
-- ?1 job id  ?2 key_sha256  ?3 now_ms
UPDATE jobs SET
    ended_at_ms = CASE is_over WHEN 1 THEN ended_at_ms ELSE ?3 END,
    state = CASE is_over WHEN 1 THEN state ELSE 'canceled' END,
    stage = NULL, deleted_at_ms = ?3, updated_at_ms = ?3
WHERE id = ?1 AND deleted_at_ms IS NULL
    AND account_id = (SELECT account_id FROM job_api_keys WHERE key_sha256 = ?2 AND valid_until_ms > ?3)
RETURNING run, callback_url IS NOT NULL AS has_callback;
