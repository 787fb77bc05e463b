-- find_job: any account's, deleted ones too.  ?1 job id
SELECT * FROM jobs_with_files WHERE id = ?1;
