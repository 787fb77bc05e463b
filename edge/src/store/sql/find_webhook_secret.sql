-- find_webhook_secret: the account's own, and the one before it while that still signs.  ?1 account id  ?2 now_ms
SELECT webhook_secret_box, webhook_secret_created_at_ms,
    CASE WHEN old_webhook_secret_until_ms > ?2 THEN old_webhook_secret_box END AS old_webhook_secret_box,
    CASE WHEN old_webhook_secret_until_ms > ?2 THEN old_webhook_secret_until_ms END AS old_webhook_secret_until_ms
FROM accounts WHERE id = ?1 AND webhook_secret_box IS NOT NULL;
