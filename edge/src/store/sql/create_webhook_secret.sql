-- create_webhook_secret: the account's first.  ?1 account id  ?2 webhook_secret_box  ?3 now_ms
UPDATE accounts SET webhook_secret_box = ?2, webhook_secret_created_at_ms = ?3 WHERE id = ?1 AND webhook_secret_box IS NULL;
