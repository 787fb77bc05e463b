-- Accounts and their API keys: who owns jobs, and who may ask for them.

CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    -- Sum of the account's ledger entries, kept by a trigger (0003).
    balance_credits INTEGER NOT NULL DEFAULT 0 CONSTRAINT balance_is_never_negative CHECK (balance_credits >= 0),
    -- Signs webhooks of jobs that bring no secret of their own. Encrypted: edge/src/domain/secret_box.rs.
    webhook_secret_box TEXT,
    webhook_secret_created_at_ms INTEGER,
    -- The previous secret, which signs beside the new one until old_webhook_secret_until_ms.
    old_webhook_secret_box TEXT,
    old_webhook_secret_until_ms INTEGER,
    created_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    -- SHA-256 of the key, lower-case hex. Keys carry 256 random bits, so a plain hash is enough.
    key_sha256 TEXT NOT NULL CONSTRAINT api_key_is_unique UNIQUE,
    label TEXT NOT NULL,
    project_label TEXT,
    -- Most credits that the key may spend in a calendar month (UTC); NULL is no limit.
    monthly_quota_credits INTEGER CONSTRAINT quota_is_never_negative CHECK (monthly_quota_credits >= 0),
    -- Names separated by spaces: `jobs` for uploads and jobs, `manage` for keys and the account.
    scopes TEXT NOT NULL DEFAULT 'jobs manage',
    -- The API shape of answers on paths that several APIs share.
    dialect TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    -- In the future while a rotation overlaps.
    revoked_at_ms INTEGER,
    -- The key is valid before this instant. The default is the end of the year 9999.
    valid_until_ms INTEGER NOT NULL GENERATED ALWAYS AS (coalesce(revoked_at_ms, 253402300799999)),
    -- Written at most hourly.
    last_used_at_ms INTEGER
) STRICT;

-- An account's keys, newest first.
CREATE INDEX api_keys_by_account ON api_keys (account_id, id DESC);

-- Keys that may change jobs, each until its valid_until_ms.
CREATE VIEW job_api_keys AS
SELECT id, account_id, key_sha256, valid_until_ms FROM api_keys WHERE ' ' || scopes || ' ' LIKE '% jobs %';
