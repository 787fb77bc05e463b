-- find_run_status: the current run of any account's job.  ?1 job id
SELECT run, state, lease_id FROM jobs WHERE id = ?1;
