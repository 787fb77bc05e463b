-- find_active_vidgen_job: that of a key, if it has one.  ?1 key_sha256
SELECT id FROM jobs
WHERE api_key_id = (SELECT id FROM api_keys WHERE key_sha256 = ?1)
    AND dialect = 'vidgen' AND state NOT IN ('success', 'failed', 'canceled');
