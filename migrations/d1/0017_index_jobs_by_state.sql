-- An account's jobs of one state, newest first: without it, a list of a rare state walks through all the account ever had.
CREATE INDEX jobs_by_account_and_state ON jobs (account_id, state, id DESC) WHERE deleted_at_ms IS NULL;
