-- find_webhook_secret_of_job: as find_webhook_secret, for the account of a job.  ?1 job id  ?2 now_ms
SELECT webhook_secret_box, webhook_secret_created_at_ms,
    CASE WHEN old_webhook_secret_until_ms > ?2 THEN old_webhook_secret_box END AS old_webhook_secret_box,
    CASE WHEN old_webhook_secret_until_ms > ?2 THEN old_webhook_secret_until_ms END AS old_webhook_secret_until_ms
FROM jobs JOIN accounts ON accounts.id = jobs.account_id
WHERE jobs.id = ?1 AND webhook_secret_box IS NOT NULL;
