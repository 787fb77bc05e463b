-- redeliver_event: from the beginning, for an event of the account of a key that may do so.
-- ?1 key_sha256  ?2 delivery id  ?3 now_ms
UPDATE deliveries SET state = 'pending', tries = 0, due_at_ms = ?3
WHERE id = ?2
    AND account_id = (
        SELECT account_id FROM api_keys
        WHERE key_sha256 = ?1 AND (revoked_at_ms IS NULL OR revoked_at_ms > ?3) AND ' ' || scopes || ' ' LIKE '% jobs %'
    )
RETURNING id;
