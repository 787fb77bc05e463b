-- create_draft: a job that waits to be started; nothing is reserved for it.
-- ?1 id  ?2 account_id  ?3 api_key_id  ?4 dialect  ?5 model  ?6 strategy_request  ?7 source_json  ?8 outputs_json
-- ?9 task_due_at_ms  ?10 now_ms  ?11 metadata_json  ?12 callback_url  ?13 callback_secret_box  ?14 options_json  ?15 words_json
-- ?16 request_id
INSERT INTO jobs (
    id, account_id, api_key_id, dialect, run, state, model, strategy_request, source_json, outputs_json,
    reserved_credits, task_due_at_ms, created_at_ms, updated_at_ms, queued_at_ms, metadata_json, callback_url, callback_secret_box,
    options_json, words_json, request_id
)
VALUES (?1, ?2, ?3, ?4, 1, 'created', ?5, ?6, ?7, ?8, 0, ?9, ?10, ?10, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
RETURNING *;
