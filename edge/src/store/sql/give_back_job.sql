-- give_back_job: a transcoder gives a run back for a fault that it met. The attempt counts only where the footage may be the
-- reason; otherwise the give-back does. Nothing changes once either number is used up.
-- ?1 job id  ?2 run  ?3 lease_id  ?4 task_due_at_ms  ?5 now_ms  ?6 1 if the attempt counts, else 0  ?7 attempts_max
-- ?8 give_backs_max
UPDATE jobs SET state = 'queued', stage = NULL, attempt = attempt - (1 - ?6), give_backs = give_backs + (1 - ?6),
    lease_id = NULL, lease_expires_at_ms = NULL, task_due_at_ms = ?4, updated_at_ms = ?5
WHERE id = ?1 AND run = ?2 AND lease_id = ?3 AND state IN ('transcoding', 'queued')
    AND CASE ?6 WHEN 1 THEN attempt < ?7 ELSE give_backs < ?8 END
RETURNING give_backs + attempt AS returns, pool;
