-- create_reserve_entry: takes a run's reserve from the balance, if this very batch queued the run.  ?1 id  ?2 job id  ?3 now_ms
INSERT INTO ledger_entries (id, account_id, api_key_id, job_id, run, kind, amount_credits, created_at_ms)
SELECT ?1, account_id, api_key_id, id, run, 'reserve', -reserved_credits, ?3
FROM jobs WHERE id = ?2 AND state = 'queued' AND queued_at_ms = ?3
ON CONFLICT DO NOTHING;
