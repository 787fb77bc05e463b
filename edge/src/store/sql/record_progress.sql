-- record_progress: a heartbeat under a lease that nobody else took since, expired or not; progress never falls.
-- ?1 job id  ?2 run  ?3 lease_id  ?4 stage  ?5 progress_percent  ?6 lease_expires_at_ms  ?7 now_ms
UPDATE jobs SET state = 'transcoding', stage = ?4, progress_percent = max(progress_percent, CAST(?5 AS INTEGER)), lease_expires_at_ms = ?6, updated_at_ms = ?7
WHERE id = ?1 AND run = ?2 AND lease_id = ?3 AND state IN ('transcoding', 'queued')
RETURNING id;
