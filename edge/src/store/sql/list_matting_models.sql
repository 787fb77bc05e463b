-- list_matting_models: those that a transcoder has reported since.  ?1 seen_at_ms
SELECT position, model_json, seen_at_ms FROM matting_models WHERE seen_at_ms >= ?1;
