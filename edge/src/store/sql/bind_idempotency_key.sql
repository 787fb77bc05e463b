-- bind_idempotency_key: the job that a request created, if it did.  ?1 account id  ?2 key  ?3 job id
UPDATE idempotency_keys SET job_id = ?3
WHERE account_id = ?1 AND key = ?2 AND EXISTS (SELECT 1 FROM jobs WHERE jobs.id = ?3);
