-- end_generation: nothing more is asked.  ?1 job id  ?2 run
UPDATE generations SET state = 'over' WHERE job_id = ?1 AND run = ?2;
