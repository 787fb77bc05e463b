-- list_due_deliveries: events whose wake-up seems lost.  ?1 due before_ms  ?2 limit
SELECT job_id, run, moment FROM deliveries WHERE state = 'pending' AND due_at_ms <= ?1 ORDER BY due_at_ms LIMIT ?2;
