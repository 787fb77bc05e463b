-- release_job: a transcoder gives a run back unfinished; the attempt does not count, its time in the queue does.
-- ?1 job id  ?2 run  ?3 lease_id  ?4 task_due_at_ms  ?5 now_ms  ?6 pool, or NULL for the one it is in
UPDATE jobs SET state = 'queued', stage = NULL, attempt = attempt - 1, lease_id = NULL, lease_expires_at_ms = NULL,
    pool = coalesce(?6, pool), task_due_at_ms = ?4, updated_at_ms = ?5
WHERE id = ?1 AND run = ?2 AND lease_id = ?3 AND state IN ('transcoding', 'queued')
RETURNING id;
