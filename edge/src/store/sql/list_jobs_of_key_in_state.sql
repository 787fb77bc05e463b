-- list_jobs_of_key_in_state: as list_jobs_of_key.  ?1 key_sha256  ?2 cursor, a job id or beyond  ?3 limit  ?4 state
SELECT jobs.* FROM api_keys JOIN jobs ON jobs.account_id = api_keys.account_id
WHERE api_keys.key_sha256 = ?1 AND jobs.state = ?4 AND jobs.id < ?2 AND jobs.deleted_at_ms IS NULL
ORDER BY jobs.id DESC LIMIT ?3;
