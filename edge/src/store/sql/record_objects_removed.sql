-- record_objects_removed: the bucket holds nothing of the job any more.  ?1 job id  ?2 now_ms
UPDATE jobs SET objects_removed_at_ms = ?2, assets_json = NULL, previews_json = NULL WHERE id = ?1;
