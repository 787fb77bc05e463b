-- create_refund_entry_of_canceled_job: the refund that a cancellation owes, if this very batch canceled.
-- ?1 id  ?2 job id  ?3 now_ms
INSERT INTO ledger_entries (id, account_id, api_key_id, job_id, run, kind, amount_credits, created_at_ms)
SELECT ?1, account_id, api_key_id, id, run, 'refund', reserved_credits, ?3
FROM jobs WHERE id = ?2 AND state = 'canceled' AND ended_at_ms = ?3 AND reserved_credits > 0
ON CONFLICT DO NOTHING;
