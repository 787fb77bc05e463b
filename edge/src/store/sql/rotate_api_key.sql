-- rotate_api_key: a new key with the rights of a valid key of the account.
-- ?1 new id  ?2 old id  ?3 account id  ?4 key_sha256  ?5 now_ms
INSERT INTO api_keys (id, account_id, key_sha256, label, project_label, monthly_quota_credits, scopes, dialect, created_at_ms)
SELECT ?1, account_id, ?4, label, project_label, monthly_quota_credits, scopes, dialect, ?5
FROM api_keys WHERE id = ?2 AND account_id = ?3 AND valid_until_ms > ?5
RETURNING *, 0 AS used_credits;
