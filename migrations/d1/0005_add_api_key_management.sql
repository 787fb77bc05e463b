-- What a customer can say of a key, and what a key may do.
ALTER TABLE api_keys ADD COLUMN project_label TEXT;
-- What the key may spend in a calendar month (UTC); NULL is no limit.
ALTER TABLE api_keys ADD COLUMN monthly_quota_credits INTEGER CONSTRAINT quota_is_never_negative CHECK (monthly_quota_credits >= 0);
-- Names with spaces between: `jobs` works with uploads and jobs, `manage` with keys and the account.
ALTER TABLE api_keys ADD COLUMN scopes TEXT NOT NULL DEFAULT 'jobs manage';
-- Which list a bare `GET /v1/jobs` answers as.
ALTER TABLE api_keys ADD COLUMN dialect TEXT NOT NULL DEFAULT 'bgless';
-- Written at most hourly.
ALTER TABLE api_keys ADD COLUMN last_used_at_ms INTEGER;

-- The account's keys, newest first.
DROP INDEX api_keys_by_account;
CREATE INDEX api_keys_by_account ON api_keys (account_id, id DESC);
