-- create_generation: what a provider is to generate for a job, if this very batch created the job.
-- ?1 job id  ?2 provider  ?3 request_json  ?4 now_ms  ?5 deadline_at_ms
INSERT INTO generations (job_id, run, provider, request_json, state, due_at_ms, deadline_at_ms)
SELECT id, run, ?2, ?3, 'waiting', ?4, ?5 FROM jobs WHERE id = ?1 AND awaits_video = 1;
