-- create_adjust_entry: the difference between a reserve and its corrected value, if the key can pay it.
-- ?1 id  ?2 job id  ?3 run  ?4 lease_id  ?5 corrected reserved_credits  ?6 now_ms
INSERT INTO ledger_entries (id, account_id, api_key_id, job_id, run, kind, amount_credits, created_at_ms)
SELECT ?1, jobs.account_id, jobs.api_key_id, jobs.id, jobs.run, 'adjust', jobs.reserved_credits - CAST(?5 AS INTEGER), ?6
FROM jobs JOIN spending_limits ON spending_limits.api_key_id = jobs.api_key_id AND spending_limits.month = jobs.month
WHERE jobs.id = ?2 AND jobs.run = ?3 AND jobs.lease_id = ?4 AND jobs.state IN ('transcoding', 'queued')
    AND jobs.reserved_credits <> CAST(?5 AS INTEGER)
    AND CAST(?5 AS INTEGER) - jobs.reserved_credits <= spending_limits.available_credits;
