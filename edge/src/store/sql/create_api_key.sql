-- create_api_key: if the account exists.
-- ?1 id  ?2 account id  ?3 key_sha256  ?4 label  ?5 project_label  ?6 monthly_quota_credits  ?7 scopes  ?8 dialect  ?9 now_ms
INSERT INTO api_keys (id, account_id, key_sha256, label, project_label, monthly_quota_credits, scopes, dialect, created_at_ms)
SELECT ?1, id, ?3, ?4, ?5, ?6, ?7, ?8, ?9 FROM accounts WHERE id = ?2
RETURNING *, 0 AS used_credits;
