-- record_generation_state: a job follows what its provider says; never backwards.  ?1 job id  ?2 run  ?3 state  ?4 now_ms
UPDATE jobs SET state = ?3, updated_at_ms = ?4
WHERE id = ?1 AND run = ?2 AND source_json = 'null' AND (state = 'queued' OR (state = 'submitted' AND ?3 = 'processing'));
