-- cancel_job: a job that waits ends, for a key of its account that may do so. It stays visible.  ?1 job id  ?2 key_sha256  ?3 now_ms
UPDATE jobs SET state = 'canceled', updated_at_ms = ?3, ended_at_ms = ?3
WHERE id = ?1 AND state IN ('created', 'queued') AND deleted_at_ms IS NULL
    AND account_id = (SELECT account_id FROM job_api_keys WHERE key_sha256 = ?2 AND valid_until_ms > ?3)
RETURNING run, callback_url IS NOT NULL AS has_callback;
