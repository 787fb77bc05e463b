-- create_job: a queued job, if the balance and the key's monthly quota cover its reserve, and where the dialect takes one job of a key
-- at a time, if no other is active.
-- ?1 id  ?2 account_id  ?3 api_key_id  ?4 dialect  ?5 model  ?6 strategy_request  ?7 source_json  ?8 outputs_json
-- ?9 reserved_credits  ?10 task_due_at_ms  ?11 now_ms  ?12 month  ?13 metadata_json  ?14 callback_url  ?15 callback_secret_box
-- ?16 options_json  ?17 background_json  ?18 words_json  ?19 request_id  ?20 sound_json  ?21 pool
INSERT INTO jobs (
    id, account_id, api_key_id, dialect, run, state, model, strategy_request, source_json, outputs_json,
    reserved_credits, task_due_at_ms, created_at_ms, updated_at_ms, queued_at_ms, metadata_json, callback_url, callback_secret_box,
    options_json, background_json, words_json, request_id, sound_json, pool
)
SELECT ?1, accounts.id, api_keys.id, ?4, 1, 'queued', ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11, ?11, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21
FROM accounts
JOIN api_keys ON api_keys.id = ?3 AND api_keys.account_id = accounts.id
LEFT JOIN key_months ON key_months.api_key_id = api_keys.id AND key_months.month = ?12
WHERE accounts.id = ?2 AND accounts.balance_credits >= ?9
    AND (api_keys.monthly_quota_credits IS NULL
        OR coalesce(key_months.used_credits, 0) + CAST(?9 AS INTEGER) <= api_keys.monthly_quota_credits)
    AND NOT (?4 = 'vidgen' AND EXISTS (
        SELECT 1 FROM jobs
        WHERE jobs.api_key_id = ?3 AND jobs.dialect = 'vidgen' AND jobs.state NOT IN ('success', 'failed', 'canceled')
    ))
RETURNING *;
