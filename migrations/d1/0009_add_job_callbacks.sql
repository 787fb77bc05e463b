-- Whom to tell when a job is over.
ALTER TABLE jobs ADD COLUMN callback_url TEXT;
-- Encrypted; see edge/src/domain/secret_box.rs.
ALTER TABLE jobs ADD COLUMN callback_secret_box TEXT;
