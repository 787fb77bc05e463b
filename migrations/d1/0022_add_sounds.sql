-- What plays while the source, a picture, is shown: a source of its own.
ALTER TABLE jobs ADD COLUMN sound_json TEXT;

CREATE INDEX jobs_by_sound ON jobs (account_id, sound_json) WHERE sound_json IS NOT NULL;
