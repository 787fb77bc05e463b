-- delete_upload: its object was removed.  ?1 id
DELETE FROM uploads WHERE id = ?1;
