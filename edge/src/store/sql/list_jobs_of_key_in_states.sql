-- list_jobs_of_key_in_states: as list_jobs_of_key, of up to four states. Each is walked by its index and the four are merged, so
-- that a rare state costs no walk through all that the account ever had.
-- ?1 key_sha256  ?2 cursor, a job id or beyond  ?3 limit  ?4 offset  ?5 ?6 ?7 ?8 states, NULL for none
SELECT * FROM jobs_with_files
WHERE account_id = (SELECT account_id FROM api_keys WHERE key_sha256 = ?1) AND state = ?5 AND id < ?2 AND deleted_at_ms IS NULL
UNION ALL
SELECT * FROM jobs_with_files
WHERE account_id = (SELECT account_id FROM api_keys WHERE key_sha256 = ?1) AND state = ?6 AND id < ?2 AND deleted_at_ms IS NULL
UNION ALL
SELECT * FROM jobs_with_files
WHERE account_id = (SELECT account_id FROM api_keys WHERE key_sha256 = ?1) AND state = ?7 AND id < ?2 AND deleted_at_ms IS NULL
UNION ALL
SELECT * FROM jobs_with_files
WHERE account_id = (SELECT account_id FROM api_keys WHERE key_sha256 = ?1) AND state = ?8 AND id < ?2 AND deleted_at_ms IS NULL
ORDER BY 1 DESC LIMIT ?3 OFFSET ?4;
