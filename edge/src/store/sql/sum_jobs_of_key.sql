-- sum_jobs_of_key: the number of jobs of the key's account since an instant, their states, and what they cost.
-- ?1 key_sha256  ?2 the lowest id of a job since then
SELECT count(*) AS total, coalesce(sum(jobs.state = 'success'), 0) AS completed,
    coalesce(sum(jobs.is_over = 1 AND jobs.state <> 'success'), 0) AS failed, coalesce(sum(jobs.charged_credits), 0) AS credits
FROM api_keys JOIN jobs ON jobs.account_id = api_keys.account_id
WHERE api_keys.key_sha256 = ?1 AND jobs.id >= ?2 AND jobs.deleted_at_ms IS NULL;
