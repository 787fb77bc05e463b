-- find_job_of_delivery: hidden ones too.  ?1 delivery id
SELECT jobs.* FROM deliveries JOIN jobs ON jobs.id = deliveries.job_id WHERE deliveries.id = ?1;
