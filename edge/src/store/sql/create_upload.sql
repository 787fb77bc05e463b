-- create_upload: a file that a client may upload.  ?1 id  ?2 account id  ?3 object_key  ?4 now_ms
INSERT INTO uploads (id, account_id, object_key, created_at_ms) VALUES (?1, ?2, ?3, ?4);
