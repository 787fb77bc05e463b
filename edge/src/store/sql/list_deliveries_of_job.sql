-- list_deliveries_of_job: of one job of any account, a row per attempt, or one without.  ?1 job id
SELECT deliveries.*, delivery_attempts.number, delivery_attempts.started_at_ms, delivery_attempts.duration_ms,
    delivery_attempts.status, delivery_attempts.error
FROM deliveries
LEFT JOIN delivery_attempts ON delivery_attempts.job_id = deliveries.job_id AND delivery_attempts.run = deliveries.run
    AND delivery_attempts.moment = deliveries.moment
WHERE deliveries.job_id = ?1;
