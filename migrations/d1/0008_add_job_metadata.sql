-- The caller's own words, kept and given back as they came.
ALTER TABLE jobs ADD COLUMN metadata_json TEXT;
