-- fail_generating_job: a run whose video will not come ends.  ?1 job id  ?2 run  ?3 error_code  ?4 error_message  ?5 now_ms
UPDATE jobs SET state = 'failed', stage = NULL, error_code = ?3, error_message = ?4, updated_at_ms = ?5, ended_at_ms = ?5
WHERE id = ?1 AND run = ?2 AND source_json = 'null' AND state IN ('queued', 'submitted', 'processing')
RETURNING id, callback_url IS NOT NULL AS has_callback;
