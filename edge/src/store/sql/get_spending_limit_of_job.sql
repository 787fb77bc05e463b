-- get_spending_limit_of_job: what a job's key could spend if the job's reserve were given back.  ?1 job id
SELECT spending_limits.balance_credits + jobs.reserved_credits AS balance_credits, spending_limits.monthly_quota_credits,
    spending_limits.used_credits - jobs.reserved_credits AS used_credits
FROM jobs JOIN spending_limits ON spending_limits.api_key_id = jobs.api_key_id AND spending_limits.month = jobs.month
WHERE jobs.id = ?1;
