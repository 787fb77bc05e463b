-- rotate_webhook_secret: a new one; the one before signs on for a while.
-- ?1 account id  ?2 webhook_secret_box  ?3 now_ms  ?4 old one until_ms
UPDATE accounts SET
    old_webhook_secret_box = webhook_secret_box,
    old_webhook_secret_until_ms = CASE WHEN webhook_secret_box IS NULL THEN NULL ELSE ?4 END,
    webhook_secret_box = ?2, webhook_secret_created_at_ms = ?3
WHERE id = ?1
RETURNING webhook_secret_box, webhook_secret_created_at_ms, old_webhook_secret_box, old_webhook_secret_until_ms;
