-- remove_uploads_of_job: from now on nobody may read the uploads that a job read in any of its runs and that no job needs. A job that
-- was started again needs its own. Another job's output stays with that job.  ?1 job id  ?2 now_ms
UPDATE uploads SET removed_at_ms = coalesce(removed_at_ms, ?2)
WHERE id IN (
    SELECT uploads.id FROM job_files JOIN uploads ON uploads.object_key = job_files.object_key
    WHERE job_files.job_id = ?1 AND NOT EXISTS (
        SELECT 1 FROM objects_in_use
        WHERE objects_in_use.object_key = job_files.object_key AND (objects_in_use.job_id <> ?1 OR objects_in_use.is_over = 0)
    )
)
RETURNING object_key;
