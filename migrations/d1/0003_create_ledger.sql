-- The ledger: every movement of credits, and what follows from it. Balances and quotas move only by inserting an entry.

CREATE TABLE ledger_entries (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    api_key_id TEXT REFERENCES api_keys (id),
    job_id TEXT REFERENCES jobs (id),
    run INTEGER,
    kind TEXT NOT NULL CONSTRAINT ledger_kind_is_known CHECK (kind IN ('grant', 'reserve', 'adjust', 'settle', 'refund')),
    -- Positive gives, negative takes.
    amount_credits INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    CONSTRAINT ledger_entry_belongs_to_a_run CHECK ((kind = 'grant') = (job_id IS NULL) AND (job_id IS NULL) = (run IS NULL))
) STRICT;

CREATE INDEX ledger_entries_by_account ON ledger_entries (account_id, id DESC);
-- A run reserves once and ends once: settled or refunded, never both.
CREATE UNIQUE INDEX ledger_reserves_once ON ledger_entries (job_id, run) WHERE kind = 'reserve';
CREATE UNIQUE INDEX ledger_ends_once ON ledger_entries (job_id, run) WHERE kind IN ('settle', 'refund');

CREATE TRIGGER ledger_entry_is_never_changed BEFORE UPDATE ON ledger_entries BEGIN
    SELECT RAISE(ABORT, 'ledger entries are immutable');
END;

CREATE TRIGGER ledger_entry_is_never_removed BEFORE DELETE ON ledger_entries BEGIN
    SELECT RAISE(ABORT, 'ledger entries are immutable');
END;

CREATE TRIGGER ledger_entry_moves_the_balance AFTER INSERT ON ledger_entries BEGIN
    UPDATE accounts SET balance_credits = balance_credits + NEW.amount_credits WHERE id = NEW.account_id;
END;

-- What each key has used of each month's quota.
CREATE TABLE key_months (
    api_key_id TEXT NOT NULL REFERENCES api_keys (id),
    -- As jobs.month.
    month TEXT NOT NULL,
    used_credits INTEGER NOT NULL,
    PRIMARY KEY (api_key_id, month)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER ledger_entry_counts_against_the_quota AFTER INSERT ON ledger_entries WHEN NEW.job_id IS NOT NULL BEGIN
    INSERT INTO key_months (api_key_id, month, used_credits)
    SELECT NEW.api_key_id, jobs.month, -NEW.amount_credits FROM jobs WHERE jobs.id = NEW.job_id
    ON CONFLICT (api_key_id, month) DO UPDATE SET used_credits = used_credits + excluded.used_credits;
END;

-- A calendar, so that the view below has a row for a month in which a key used nothing: a century from 2020 on.
CREATE TABLE months (month TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

INSERT INTO months (month)
WITH RECURSIVE numbers (number) AS (SELECT 0 UNION ALL SELECT number + 1 FROM numbers WHERE number < 1199)
SELECT strftime('%Y-%m', '2020-01-01', number || ' months') FROM numbers;

-- THE QUOTA RULE: what a key may still spend in a month is the account's balance, but no more than is left of the key's quota.
CREATE VIEW spending_limits AS
SELECT api_keys.id AS api_key_id, api_keys.key_sha256, months.month,
    accounts.balance_credits, api_keys.monthly_quota_credits, coalesce(key_months.used_credits, 0) AS used_credits,
    max(0, min(
        accounts.balance_credits,
        coalesce(api_keys.monthly_quota_credits - coalesce(key_months.used_credits, 0), accounts.balance_credits)
    )) AS available_credits
FROM api_keys
JOIN accounts ON accounts.id = api_keys.account_id
JOIN months
LEFT JOIN key_months ON key_months.api_key_id = api_keys.id AND key_months.month = months.month;
