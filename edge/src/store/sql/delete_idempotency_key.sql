-- delete_idempotency_key: of a request that created nothing.  ?1 account id  ?2 key  ?3 fingerprint
DELETE FROM idempotency_keys WHERE account_id = ?1 AND key = ?2 AND fingerprint = ?3 AND job_id IS NULL;
