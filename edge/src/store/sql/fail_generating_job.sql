-- fail_generating_job: a run ends whose video will not come.  ?1 job id  ?2 run  ?3 error_code  ?4 error_message  ?5 now_ms
UPDATE jobs SET state = 'failed', stage = NULL, error_code = ?3, error_message = ?4, updated_at_ms = ?5, ended_at_ms = ?5
WHERE id = ?1 AND run = ?2 AND awaits_video = 1 AND state IN ('queued', 'submitted', 'processing')
RETURNING id, callback_url IS NOT NULL AS has_callback;
