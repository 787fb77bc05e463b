-- create_reserve_entry: takes a job's reserve from the balance, if the job exists.  ?1 id  ?2 job id  ?3 now_ms
INSERT INTO ledger_entries (id, account_id, api_key_id, job_id, run, kind, amount_credits, created_at_ms)
SELECT ?1, account_id, api_key_id, id, run, 'reserve', -reserved_credits, ?3 FROM jobs WHERE id = ?2;
