-- find_other_job_of_source: a job that still stands on the same source, or on it as its background.  ?1 job id  ?2 source_json
SELECT id FROM jobs
WHERE account_id = (SELECT account_id FROM jobs WHERE id = ?1) AND source_json = ?2
    AND id <> ?1 AND deleted_at_ms IS NULL AND state NOT IN ('success', 'failed', 'canceled')
UNION ALL
SELECT id FROM jobs
WHERE account_id = (SELECT account_id FROM jobs WHERE id = ?1) AND background_json = ?2
    AND id <> ?1 AND deleted_at_ms IS NULL AND state NOT IN ('success', 'failed', 'canceled')
LIMIT 1;
