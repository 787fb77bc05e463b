-- find_job_of_key: a job of the account that the key belongs to.  ?1 key_sha256  ?2 job id
SELECT jobs.* FROM api_keys JOIN jobs_with_files AS jobs ON jobs.account_id = api_keys.account_id
WHERE api_keys.key_sha256 = ?1 AND jobs.id = ?2 AND jobs.deleted_at_ms IS NULL;
