-- Every movement of credits. An account's balance is the sum of its entries, because inserting an
-- entry is the only thing that moves it.
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

CREATE TRIGGER ledger_entry_moves_the_balance AFTER INSERT ON ledger_entries BEGIN
    UPDATE accounts SET balance_credits = balance_credits + NEW.amount_credits WHERE id = NEW.account_id;
END;

CREATE TRIGGER ledger_entry_is_never_changed BEFORE UPDATE ON ledger_entries BEGIN
    SELECT RAISE(ABORT, 'ledger entries are immutable');
END;

CREATE TRIGGER ledger_entry_is_never_removed BEFORE DELETE ON ledger_entries BEGIN
    SELECT RAISE(ABORT, 'ledger entries are immutable');
END;
