-- list_jobs_of_key: the newest of the key's account, from below a cursor.
-- ?1 key_sha256  ?2 cursor, a job id or beyond  ?3 limit  ?4 offset
SELECT jobs.* FROM api_keys JOIN jobs_with_files AS jobs ON jobs.account_id = api_keys.account_id
WHERE api_keys.key_sha256 = ?1 AND jobs.id < ?2 AND jobs.deleted_at_ms IS NULL
ORDER BY jobs.id DESC LIMIT ?3 OFFSET ?4;
