-- settle_delivery: after a try.  ?1 id  ?2 state  ?3 due_at_ms
UPDATE deliveries SET state = ?2, due_at_ms = ?3 WHERE id = ?1 AND state = 'pending';
