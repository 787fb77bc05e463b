-- Who owns keys, credits and jobs.
CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    -- Moved by ledger entries only (0004), hence always their sum.
    balance_credits INTEGER NOT NULL DEFAULT 0 CONSTRAINT balance_is_never_negative CHECK (balance_credits >= 0),
    created_at_ms INTEGER NOT NULL
) STRICT;
