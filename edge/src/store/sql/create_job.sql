-- create_job: a queued job, if the balance covers its reserve.
-- ?1 id  ?2 account_id  ?3 api_key_id  ?4 dialect  ?5 model  ?6 strategy_request  ?7 source_json  ?8 outputs_json
-- ?9 reserved_credits  ?10 task_due_at_ms  ?11 now_ms
INSERT INTO jobs (
    id, account_id, api_key_id, dialect, run, state, model, strategy_request, source_json, outputs_json,
    reserved_credits, task_due_at_ms, created_at_ms, updated_at_ms, queued_at_ms
)
SELECT ?1, id, ?3, ?4, 1, 'queued', ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11, ?11
FROM accounts WHERE id = ?2 AND balance_credits >= ?9
RETURNING *;
