-- find_other_job_of_source: a job that still stands on the same source.  ?1 job id
SELECT others.id FROM jobs JOIN jobs AS others ON others.account_id = jobs.account_id AND others.source_json = jobs.source_json
WHERE jobs.id = ?1 AND others.id <> ?1 AND others.deleted_at_ms IS NULL AND others.state NOT IN ('success', 'failed', 'canceled')
LIMIT 1;
