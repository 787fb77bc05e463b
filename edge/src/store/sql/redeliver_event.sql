-- redeliver_event: from the beginning, for an event of the key's account.  ?1 key_sha256  ?2 delivery id  ?3 now_ms
UPDATE deliveries SET state = 'pending', tries = 0, due_at_ms = ?3
WHERE id = ?2 AND account_id = (SELECT account_id FROM api_keys WHERE key_sha256 = ?1)
RETURNING id;
