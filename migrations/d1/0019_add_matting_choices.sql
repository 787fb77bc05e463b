-- A picture of the background without the subject, where the caller gave one: a source of its own.
ALTER TABLE jobs ADD COLUMN background_json TEXT;
-- Why the strategy was taken, and what else was looked at.
ALTER TABLE jobs ADD COLUMN choice_json TEXT;

CREATE INDEX jobs_by_background ON jobs (account_id, background_json) WHERE background_json IS NOT NULL;

-- The operator's matting models, as members of the fleet announce them again and again.
CREATE TABLE matting_models (
    id TEXT PRIMARY KEY,
    -- In the operator's order.
    position INTEGER NOT NULL,
    model_json TEXT NOT NULL,
    works INTEGER NOT NULL CONSTRAINT works_is_a_boolean CHECK (works IN (0, 1)),
    seen_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX matting_models_by_sight ON matting_models (seen_at_ms);
