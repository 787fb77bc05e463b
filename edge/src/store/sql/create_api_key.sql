-- create_api_key: if the account exists.  ?1 id  ?2 account id  ?3 key_sha256  ?4 label  ?5 now_ms
INSERT INTO api_keys (id, account_id, key_sha256, label, created_at_ms)
SELECT ?1, id, ?3, ?4, ?5 FROM accounts WHERE id = ?2
RETURNING id;
