-- record_generation_state: a job follows its provider's progress; never backwards.  ?1 job id  ?2 run  ?3 state  ?4 now_ms
UPDATE jobs SET state = ?3, updated_at_ms = ?4
WHERE id = ?1 AND run = ?2 AND awaits_video = 1 AND (state = 'queued' OR (state = 'submitted' AND ?3 = 'processing'));
