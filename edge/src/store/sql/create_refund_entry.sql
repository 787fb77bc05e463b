-- create_refund_entry: gives a failed or canceled run's reserve back, once.  ?1 id  ?2 job id  ?3 run  ?4 now_ms
INSERT INTO ledger_entries (id, account_id, api_key_id, job_id, run, kind, amount_credits, created_at_ms)
SELECT ?1, account_id, api_key_id, id, run, 'refund', reserved_credits, ?4
FROM jobs WHERE id = ?2 AND run = ?3 AND state IN ('failed', 'canceled')
ON CONFLICT DO NOTHING;
