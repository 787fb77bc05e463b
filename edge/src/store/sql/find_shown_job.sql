-- find_shown_job: whoever owns it, unless it is hidden or its objects were removed.  ?1 job id
SELECT * FROM jobs WHERE id = ?1 AND deleted_at_ms IS NULL AND objects_removed_at_ms IS NULL;
