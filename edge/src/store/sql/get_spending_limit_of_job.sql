-- get_spending_limit_of_job: what a job's key could spend if the job's reserve were back.  ?1 job id
SELECT accounts.balance_credits + jobs.reserved_credits AS balance_credits, api_keys.monthly_quota_credits,
    coalesce(key_months.used_credits, 0) - jobs.reserved_credits AS used_credits
FROM jobs
JOIN accounts ON accounts.id = jobs.account_id
JOIN api_keys ON api_keys.id = jobs.api_key_id
LEFT JOIN key_months ON key_months.api_key_id = jobs.api_key_id
    AND key_months.month = strftime('%Y-%m', jobs.created_at_ms / 1000, 'unixepoch')
WHERE jobs.id = ?1;
