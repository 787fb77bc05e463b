-- list_deliveries_of_key: of one job of the key's account, a row per attempt, or one without.  ?1 key_sha256  ?2 job id
SELECT deliveries.*, delivery_attempts.number, delivery_attempts.started_at_ms, delivery_attempts.duration_ms,
    delivery_attempts.status, delivery_attempts.error
FROM api_keys
JOIN jobs ON jobs.account_id = api_keys.account_id
JOIN deliveries ON deliveries.job_id = jobs.id
LEFT JOIN delivery_attempts ON delivery_attempts.job_id = deliveries.job_id AND delivery_attempts.run = deliveries.run
    AND delivery_attempts.moment = deliveries.moment
WHERE api_keys.key_sha256 = ?1 AND jobs.id = ?2 AND jobs.deleted_at_ms IS NULL;
