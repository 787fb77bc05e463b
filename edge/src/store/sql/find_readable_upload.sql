-- find_readable_upload: an upload that was not removed, by the key of its object.  ?1 object_key
SELECT id FROM readable_uploads WHERE object_key = ?1;
