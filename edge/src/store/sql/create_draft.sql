-- create_draft: a job that waits to be started; nothing is reserved for it.
-- ?1 id  ?2 account_id  ?3 api_key_id  ?4 dialect  ?5 model  ?6 strategy_request  ?7 outputs_json  ?8 options_json
-- ?9 task_due_at_ms  ?10 now_ms  ?11 metadata_json  ?12 callback_url  ?13 callback_secret_box  ?14 dialect_request_json
-- ?15 request_id  ?16 pool  ?17 notifies_start  ?18 notifies_cancellation  ?19 is_only_active_job
INSERT INTO jobs (
    id, account_id, api_key_id, dialect, notifies_start, notifies_cancellation, is_only_active_job, run, state, model,
    strategy_request, outputs_json, options_json, metadata_json, dialect_request_json, request_id,
    callback_url, callback_secret_box, reserved_credits, pool, task_due_at_ms, created_at_ms, reserved_at_ms, updated_at_ms,
    queued_at_ms
)
VALUES (?1, ?2, ?3, ?4, ?17, ?18, ?19, 0, 'created', ?5, ?6, ?7, ?8, ?11, ?14, ?15, ?12, ?13, 0, ?16, ?9, ?10, ?10, ?10, ?10)
RETURNING id;
