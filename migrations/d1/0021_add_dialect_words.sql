-- What a job's own dialect said of it and wants to hear again, as JSON; and the caller's own name for the request.
ALTER TABLE jobs ADD COLUMN words_json TEXT;
ALTER TABLE jobs ADD COLUMN request_id TEXT;
