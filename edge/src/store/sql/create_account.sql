-- create_account: with nothing on it; credits come by a grant.  ?1 id  ?2 name  ?3 now_ms
INSERT INTO accounts (id, name, created_at_ms) VALUES (?1, ?2, ?3);
