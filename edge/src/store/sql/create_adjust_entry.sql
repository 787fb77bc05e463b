-- create_adjust_entry: the difference between a reserve and its corrected value, if balance and quota cover it.
-- ?1 id  ?2 job id  ?3 run  ?4 lease_id  ?5 corrected reserved_credits  ?6 now_ms
INSERT INTO ledger_entries (id, account_id, api_key_id, job_id, run, kind, amount_credits, created_at_ms)
SELECT ?1, jobs.account_id, jobs.api_key_id, jobs.id, jobs.run, 'adjust', jobs.reserved_credits - CAST(?5 AS INTEGER), ?6
FROM jobs
JOIN accounts ON accounts.id = jobs.account_id
JOIN api_keys ON api_keys.id = jobs.api_key_id
LEFT JOIN key_months ON key_months.api_key_id = jobs.api_key_id
    AND key_months.month = strftime('%Y-%m', jobs.created_at_ms / 1000, 'unixepoch')
WHERE jobs.id = ?2 AND jobs.run = ?3 AND jobs.lease_id = ?4 AND jobs.state = 'transcoding'
    AND jobs.reserved_credits <> CAST(?5 AS INTEGER)
    AND accounts.balance_credits + jobs.reserved_credits >= CAST(?5 AS INTEGER)
    AND (api_keys.monthly_quota_credits IS NULL OR jobs.reserved_credits >= CAST(?5 AS INTEGER)
        OR coalesce(key_months.used_credits, 0) - jobs.reserved_credits + CAST(?5 AS INTEGER) <= api_keys.monthly_quota_credits);
