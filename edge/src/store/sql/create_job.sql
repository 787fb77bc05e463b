-- create_job: a queued job, or a draft (run 0), if the key can pay its reserve this month, all uploads among its files may be read and,
-- where one active job per key is allowed, it has no other.
-- ?1 id  ?2 account_id  ?3 api_key_id  ?4 dialect  ?5 model  ?6 strategy_request  ?7 awaits_video  ?8 outputs_json
-- ?9 reserved_credits  ?10 task_due_at_ms  ?11 now_ms  ?12 month  ?13 metadata_json  ?14 callback_url  ?15 callback_secret_box
-- ?16 options_json  ?17 dialect_request_json  ?18 request_id  ?19 pool  ?20 notifies_start  ?21 notifies_cancellation
-- ?22 is_only_active_job  ?23 run  ?24 files, a JSON array of {role, objectKey, sizeBytes, url}
INSERT INTO jobs (
    id, account_id, api_key_id, dialect, notifies_start, notifies_cancellation, is_only_active_job, run, state, model,
    strategy_request, awaits_video, outputs_json, options_json, metadata_json, dialect_request_json, request_id,
    callback_url, callback_secret_box, reserved_credits, pool, task_due_at_ms, created_at_ms, reserved_at_ms, updated_at_ms,
    queued_at_ms
)
SELECT ?1, api_keys.account_id, api_keys.id, ?4, ?20, ?21, ?22, ?23, CASE ?23 WHEN 0 THEN 'created' ELSE 'queued' END, ?5,
    ?6, ?7, ?8, ?16, ?13, ?17, ?18,
    ?14, ?15, ?9, ?19, ?10, ?11, ?11, ?11, ?11
FROM api_keys
JOIN spending_limits ON spending_limits.api_key_id = api_keys.id AND spending_limits.month = ?12
WHERE api_keys.id = ?3 AND api_keys.account_id = ?2 AND spending_limits.available_credits >= ?9
    AND NOT (?22 = 1 AND EXISTS (
        SELECT 1 FROM jobs WHERE jobs.api_key_id = ?3 AND jobs.is_only_active_job = 1 AND jobs.is_over = 0
    ))
    AND NOT EXISTS (
        SELECT 1 FROM json_each(?24) AS files
        WHERE files.value ->> 'objectKey' LIKE 'uploads/%'
            AND NOT EXISTS (SELECT 1 FROM readable_uploads WHERE readable_uploads.object_key = files.value ->> 'objectKey')
    )
RETURNING id;
