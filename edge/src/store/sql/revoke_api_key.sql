-- revoke_api_key: at once and for good; a second time changes nothing.  ?1 id  ?2 now_ms
UPDATE api_keys SET revoked_at_ms = coalesce(revoked_at_ms, ?2) WHERE id = ?1 RETURNING id;
