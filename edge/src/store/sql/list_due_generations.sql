-- list_due_generations: those whose wake-up seems lost.  ?1 due before_ms  ?2 limit
SELECT job_id AS id, run FROM generations WHERE state <> 'over' AND due_at_ms <= ?1 ORDER BY due_at_ms LIMIT ?2;
