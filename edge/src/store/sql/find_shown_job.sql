-- find_shown_job: any account's, unless it was deleted or its objects were removed.  ?1 job id
SELECT * FROM jobs_with_files WHERE id = ?1 AND deleted_at_ms IS NULL AND objects_removed_at_ms IS NULL;
