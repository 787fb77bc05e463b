-- revoke_api_key_of_account: as revoke_api_key, for a key of this account alone.  ?1 id  ?2 revoked_at_ms  ?3 account id
UPDATE api_keys SET revoked_at_ms = CAST(min(coalesce(revoked_at_ms, ?2), ?2) AS INTEGER) WHERE id = ?1 AND account_id = ?3
RETURNING *, 0 AS used_credits;
