-- create_generation: what a provider is to make for a job, if this very batch created it.
-- ?1 job id  ?2 provider  ?3 order_json  ?4 now_ms  ?5 deadline_at_ms
INSERT INTO generations (job_id, run, provider, order_json, state, due_at_ms, deadline_at_ms)
SELECT id, run, ?2, ?3, 'waiting', ?4, ?5 FROM jobs WHERE id = ?1 AND source_json = 'null';
