-- list_objects_of_job: the uploads that a job read in any of its runs and no other job needs. Another job's output stays with that
-- job.  ?1 job id
SELECT object_key FROM job_files
WHERE job_id = ?1 AND object_key LIKE 'uploads/%' AND NOT EXISTS (
    SELECT 1 FROM objects_in_use WHERE objects_in_use.object_key = job_files.object_key AND objects_in_use.job_id <> ?1
);
