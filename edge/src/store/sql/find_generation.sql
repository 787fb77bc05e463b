-- find_generation: what a provider is making for a run.  ?1 job id  ?2 run
SELECT * FROM generations WHERE job_id = ?1 AND run = ?2;
