-- How the caller wants the outputs to be.
ALTER TABLE jobs ADD COLUMN options_json TEXT;
