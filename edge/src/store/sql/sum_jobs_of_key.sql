-- sum_jobs_of_key: how many jobs of the key's account were created since, in which state they are, and what they hold or have cost.
-- ?1 key_sha256  ?2 the lowest id of a job since then
SELECT count(*) AS total, coalesce(sum(jobs.state = 'success'), 0) AS completed,
    coalesce(sum(jobs.state IN ('failed', 'canceled')), 0) AS failed,
    coalesce(sum(CASE WHEN jobs.state IN ('created', 'failed', 'canceled') THEN 0 ELSE jobs.reserved_credits END), 0) AS credits
FROM api_keys JOIN jobs ON jobs.account_id = api_keys.account_id
WHERE api_keys.key_sha256 = ?1 AND jobs.id >= ?2 AND jobs.deleted_at_ms IS NULL;
