-- create_upload: a file that a client may put until it is too old.  ?1 id  ?2 account id  ?3 source_json  ?4 now_ms
INSERT INTO uploads (id, account_id, source_json, created_at_ms) VALUES (?1, ?2, ?3, ?4);
