-- What each key has spent in each month: kept by the same insertion that moves the balance, so it cannot drift.
CREATE TABLE key_months (
    api_key_id TEXT NOT NULL REFERENCES api_keys (id),
    -- `2026-11`, UTC: the month in which the job was created, also for what comes back later.
    month TEXT NOT NULL,
    used_credits INTEGER NOT NULL,
    PRIMARY KEY (api_key_id, month)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER ledger_entry_counts_against_the_key AFTER INSERT ON ledger_entries WHEN NEW.job_id IS NOT NULL BEGIN
    INSERT INTO key_months (api_key_id, month, used_credits)
    SELECT NEW.api_key_id, strftime('%Y-%m', jobs.created_at_ms / 1000, 'unixepoch'), -NEW.amount_credits FROM jobs WHERE jobs.id = NEW.job_id
    ON CONFLICT (api_key_id, month) DO UPDATE SET used_credits = used_credits + excluded.used_credits;
END;
