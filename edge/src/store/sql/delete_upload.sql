-- delete_upload: its object is gone.  ?1 id
DELETE FROM uploads WHERE id = ?1;
