-- Which files were announced, so that they can be removed once their time is over, used or not.
CREATE TABLE uploads (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    -- As in jobs.
    source_json TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX uploads_by_age ON uploads (created_at_ms);
