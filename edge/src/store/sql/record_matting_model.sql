-- record_matting_model: a transcoder has it. That it works somewhere counts until no transcoder has reported so for a while.
-- ?1 id  ?2 position  ?3 model_json  ?4 is_working  ?5 now_ms  ?6 stale before_ms
INSERT INTO matting_models (id, position, model_json, is_working, seen_at_ms) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (id) DO UPDATE SET
    position = excluded.position, model_json = excluded.model_json, is_working = excluded.is_working, seen_at_ms = excluded.seen_at_ms
WHERE excluded.is_working = 1 OR matting_models.is_working = 0 OR matting_models.seen_at_ms < ?6;
