-- make_generation_due: its provider called back, so it is polled at once.  ?1 job id  ?2 run  ?3 now_ms
UPDATE generations SET due_at_ms = ?3 WHERE job_id = ?1 AND run = ?2 AND state = 'sent' AND due_at_ms > ?3;
