-- find_any_job_of_key: whether the key's account has or had the job.  ?1 key_sha256  ?2 job id
SELECT jobs.id FROM api_keys JOIN jobs ON jobs.account_id = api_keys.account_id
WHERE api_keys.key_sha256 = ?1 AND jobs.id = ?2;
