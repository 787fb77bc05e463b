-- take_idempotency_key: for the first request with a key, or once an earlier one is too old or was never answered.
-- ?1 key_sha256  ?2 key  ?3 fingerprint  ?4 now_ms  ?5 too old before_ms  ?6 given up before_ms
INSERT INTO idempotency_keys (account_id, key, fingerprint, started_at_ms)
SELECT account_id, ?2, ?3, ?4 FROM job_api_keys WHERE key_sha256 = ?1 AND valid_until_ms > ?4
ON CONFLICT (account_id, key) DO UPDATE SET
    fingerprint = excluded.fingerprint, started_at_ms = excluded.started_at_ms, job_id = NULL, answer_json = NULL
WHERE idempotency_keys.started_at_ms <= ?5
    OR (idempotency_keys.job_id IS NULL AND idempotency_keys.answer_json IS NULL AND idempotency_keys.started_at_ms <= ?6)
RETURNING key;
