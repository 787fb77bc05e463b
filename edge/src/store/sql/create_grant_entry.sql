-- create_grant_entry: credits from the operator, if the account exists.  ?1 id  ?2 account id  ?3 amount_credits  ?4 now_ms
INSERT INTO ledger_entries (id, account_id, kind, amount_credits, created_at_ms)
SELECT ?1, id, 'grant', ?3, ?4 FROM accounts WHERE id = ?2;
