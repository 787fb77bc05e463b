-- find_idempotency_key: what became of a request of the key's account.  ?1 key_sha256  ?2 key
SELECT idempotency_keys.fingerprint, idempotency_keys.started_at_ms, idempotency_keys.job_id, idempotency_keys.answer_json
FROM api_keys JOIN idempotency_keys ON idempotency_keys.account_id = api_keys.account_id
WHERE api_keys.key_sha256 = ?1 AND idempotency_keys.key = ?2;
