-- create_job_files: the input files of a job's current run, if the job exists.
-- ?1 job id  ?2 files, a JSON array of {role, objectKey, sizeBytes, url}
INSERT INTO job_files (job_id, run, role, object_key, size_bytes, url)
SELECT jobs.id, jobs.run, files.value ->> 'role', files.value ->> 'objectKey', files.value ->> 'sizeBytes', files.value ->> 'url'
FROM jobs JOIN json_each(?2) AS files WHERE jobs.id = ?1;
