-- find_job: whoever owns it, hidden ones too.  ?1 job id
SELECT * FROM jobs WHERE id = ?1;
