-- Signs what an account's receivers are told where a job brings no secret of its own. Encrypted; see edge/src/domain/secret_box.rs.
ALTER TABLE accounts ADD COLUMN webhook_secret_box TEXT;
ALTER TABLE accounts ADD COLUMN webhook_secret_created_at_ms INTEGER;
-- The one before still signs, beside the new one, until then.
ALTER TABLE accounts ADD COLUMN old_webhook_secret_box TEXT;
ALTER TABLE accounts ADD COLUMN old_webhook_secret_until_ms INTEGER;
