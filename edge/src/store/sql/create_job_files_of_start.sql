-- create_job_files_of_start: a new run reads the same source, and a backdrop of its own, if this very batch started it.
-- ?1 job id  ?2 now_ms  ?3 files, a JSON array of {role, objectKey, sizeBytes, url}
INSERT INTO job_files (job_id, run, role, object_key, size_bytes, url)
SELECT jobs.id, jobs.run, job_files.role, job_files.object_key, job_files.size_bytes, job_files.url
FROM jobs JOIN job_files ON job_files.job_id = jobs.id AND job_files.run = jobs.run - 1 AND job_files.role <> 'backdrop'
WHERE jobs.id = ?1 AND jobs.state = 'queued' AND jobs.queued_at_ms = ?2
UNION ALL
SELECT jobs.id, jobs.run, files.value ->> 'role', files.value ->> 'objectKey', files.value ->> 'sizeBytes', files.value ->> 'url'
FROM jobs JOIN json_each(?3) AS files
WHERE jobs.id = ?1 AND jobs.state = 'queued' AND jobs.queued_at_ms = ?2
ON CONFLICT DO NOTHING;
