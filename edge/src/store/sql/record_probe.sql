-- record_probe: what the source is, under a lease that nobody else took since; also a heartbeat.
-- ?1 job id  ?2 run  ?3 lease_id  ?4 facts_json  ?5 strategy  ?6 lease_expires_at_ms  ?7 now_ms
-- ?8 resolution  ?9 choice_json
UPDATE jobs SET state = 'transcoding', stage = 'probing', facts_json = ?4, strategy = ?5, choice_json = ?9, resolution = ?8, lease_expires_at_ms = ?6,
    updated_at_ms = ?7
WHERE id = ?1 AND run = ?2 AND lease_id = ?3 AND state IN ('transcoding', 'queued')
RETURNING reserved_credits;
