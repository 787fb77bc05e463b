-- delete_old_matting_models: those that nobody has announced since.  ?1 seen_at_ms
DELETE FROM matting_models WHERE seen_at_ms < ?1;
