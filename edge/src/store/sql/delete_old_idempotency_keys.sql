-- delete_old_idempotency_keys: past their day.  ?1 started before_ms  ?2 limit
DELETE FROM idempotency_keys
WHERE (account_id, key) IN (SELECT account_id, key FROM idempotency_keys WHERE started_at_ms <= ?1 ORDER BY started_at_ms LIMIT ?2)
RETURNING key;
