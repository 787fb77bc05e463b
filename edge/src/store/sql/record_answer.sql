-- record_answer: for requests with the same key.  ?1 account id  ?2 key  ?3 fingerprint  ?4 answer_json
UPDATE idempotency_keys SET answer_json = ?4 WHERE account_id = ?1 AND key = ?2 AND fingerprint = ?3;
