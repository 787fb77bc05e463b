-- When a job's stored objects were removed: after its deletion, or past their retention.
ALTER TABLE jobs ADD COLUMN objects_removed_at_ms INTEGER;

CREATE INDEX jobs_deleted_with_objects ON jobs (deleted_at_ms) WHERE deleted_at_ms IS NOT NULL AND objects_removed_at_ms IS NULL;
CREATE INDEX jobs_ended_with_objects ON jobs (ended_at_ms) WHERE ended_at_ms IS NOT NULL AND objects_removed_at_ms IS NULL;
-- Which other jobs stand on the same source.
CREATE INDEX jobs_by_source ON jobs (account_id, source_json);
