-- take_delivery: one try of one event that is due. It is due again later, should nobody hear of this try.
-- ?1 id  ?2 now_ms  ?3 due again at_ms
UPDATE deliveries SET tries = tries + 1, due_at_ms = ?3 WHERE id = ?1 AND state = 'pending' AND due_at_ms <= ?2
RETURNING *;
