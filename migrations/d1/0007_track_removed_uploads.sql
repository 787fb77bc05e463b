-- Uploads whose file was removed: with the last job that read it, or at the end of its retention. No job can use them any more, and
-- their URLs read nothing, even if the client uploads the file again by the URL that it got for that.

ALTER TABLE uploads ADD COLUMN removed_at_ms INTEGER;

CREATE INDEX uploads_by_object ON uploads (object_key);
CREATE INDEX uploads_removed ON uploads (created_at_ms) WHERE removed_at_ms IS NOT NULL;

-- THE RULE: an uploaded object may be read while this view has it.
CREATE VIEW readable_uploads AS SELECT id, account_id, object_key, created_at_ms FROM uploads WHERE removed_at_ms IS NULL;
