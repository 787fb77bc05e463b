-- create_refund_entry: gives back what a run that ended does not cost (jobs.charged_credits, the refund rule), once.
-- ?1 id  ?2 job id  ?3 now_ms
INSERT INTO ledger_entries (id, account_id, api_key_id, job_id, run, kind, amount_credits, created_at_ms)
SELECT ?1, account_id, api_key_id, id, run, 'refund', reserved_credits - charged_credits, ?3
FROM jobs WHERE id = ?2 AND is_over = 1 AND charged_credits < reserved_credits
ON CONFLICT DO NOTHING;
