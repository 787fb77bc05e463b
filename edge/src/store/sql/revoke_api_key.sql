-- revoke_api_key: from an instant on; an earlier revocation stays.  ?1 id  ?2 revoked_at_ms
UPDATE api_keys SET revoked_at_ms = CAST(min(coalesce(revoked_at_ms, ?2), ?2) AS INTEGER) WHERE id = ?1 RETURNING id;
