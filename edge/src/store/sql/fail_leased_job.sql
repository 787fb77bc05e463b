-- fail_leased_job: the holder of the lease says that the run cannot succeed.
-- ?1 job id  ?2 run  ?3 lease_id  ?4 error_code  ?5 error_message  ?6 now_ms
UPDATE jobs SET state = 'failed', stage = NULL, error_code = ?4, error_message = ?5, updated_at_ms = ?6, ended_at_ms = ?6
WHERE id = ?1 AND run = ?2 AND lease_id = ?3 AND state IN ('transcoding', 'queued')
RETURNING id, callback_url IS NOT NULL AS has_callback;
