-- record_key_use: when a key was last used.  ?1 id  ?2 now_ms
UPDATE api_keys SET last_used_at_ms = ?2 WHERE id = ?1;
