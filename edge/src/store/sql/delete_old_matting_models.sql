-- delete_old_matting_models: those that no transcoder has reported since.  ?1 seen_at_ms
DELETE FROM matting_models WHERE seen_at_ms < ?1;
