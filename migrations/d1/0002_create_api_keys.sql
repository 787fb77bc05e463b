-- API keys. The key itself is shown once and never stored.
CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    -- SHA-256 of the key, lower-case hex. Keys carry 256 random bits, so a plain hash is enough.
    key_sha256 TEXT NOT NULL CONSTRAINT api_key_is_unique UNIQUE,
    label TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    revoked_at_ms INTEGER
) STRICT;

CREATE INDEX api_keys_by_account ON api_keys (account_id);
