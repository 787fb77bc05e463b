-- create_settle_entry: ends the credits of a run that succeeded; its reserve is spent.  ?1 id  ?2 job id  ?3 run  ?4 now_ms
INSERT INTO ledger_entries (id, account_id, api_key_id, job_id, run, kind, amount_credits, created_at_ms)
SELECT ?1, account_id, api_key_id, id, run, 'settle', 0, ?4 FROM jobs WHERE id = ?2 AND run = ?3 AND state = 'success'
ON CONFLICT DO NOTHING;
