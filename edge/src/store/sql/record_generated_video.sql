-- record_generated_video: the video is there, and the job waits for a transcoder like any other.
-- ?1 job id  ?2 run  ?3 source_json  ?4 task_due_at_ms  ?5 now_ms
UPDATE jobs SET state = 'queued', source_json = ?3, task_due_at_ms = ?4, updated_at_ms = ?5
WHERE id = ?1 AND run = ?2 AND source_json = 'null' AND state IN ('queued', 'submitted', 'processing')
RETURNING id;
