-- create_generated_source: the provider's video becomes the source of a run that awaits one.  ?1 job id  ?2 run  ?3 url
INSERT INTO job_files (job_id, run, role, url)
SELECT id, run, 'source', ?3 FROM jobs
WHERE id = ?1 AND run = ?2 AND awaits_video = 1 AND state IN ('queued', 'submitted', 'processing');
