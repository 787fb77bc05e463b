-- record_matting_model: a member of the fleet has it. That it works somewhere is believed until nobody has said so for a while.
-- ?1 id  ?2 position  ?3 model_json  ?4 works  ?5 now_ms  ?6 stale before_ms
INSERT INTO matting_models (id, position, model_json, works, seen_at_ms) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (id) DO UPDATE SET
    position = excluded.position, model_json = excluded.model_json, works = excluded.works, seen_at_ms = excluded.seen_at_ms
WHERE excluded.works = 1 OR matting_models.works = 0 OR matting_models.seen_at_ms < ?6;
