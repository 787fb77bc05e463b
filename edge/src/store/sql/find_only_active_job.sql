-- find_only_active_job: the active job of a key where one is all that it may have.  ?1 key_sha256
SELECT id FROM jobs
WHERE api_key_id = (SELECT id FROM api_keys WHERE key_sha256 = ?1) AND is_only_active_job = 1 AND is_over = 0;
