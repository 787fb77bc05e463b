-- claim_generation_to_send: the right to send it once, if the rate limit allows; `sending` stays until the outcome is known.
-- ?1 job id  ?2 run  ?3 now_ms  ?4 sent since_ms  ?5 sendings_max  ?6 deadline_at_ms
UPDATE generations SET state = 'sending', tries = tries + 1, sent_at_ms = ?3, due_at_ms = ?6, deadline_at_ms = ?6
WHERE job_id = ?1 AND run = ?2 AND state = 'waiting' AND due_at_ms <= ?3 AND deadline_at_ms > ?3
    AND (SELECT count(*) FROM generations AS others WHERE others.provider = generations.provider AND others.sent_at_ms > ?4)
        < CAST(?5 AS INTEGER)
    AND NOT EXISTS (SELECT 1 FROM provider_pauses WHERE provider = generations.provider AND until_ms > ?3)
RETURNING *;
