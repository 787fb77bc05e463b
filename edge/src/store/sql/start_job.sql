-- start_job: a draft, or a run that failed, becomes a queued run, if balance and quota cover its reserve. What an earlier run found
-- and made is forgotten.
-- ?1 job id  ?2 run as it was seen  ?3 model  ?4 strategy_request  ?5 outputs_json  ?6 options_json  ?7 reserved_credits
-- ?8 task_due_at_ms  ?9 now_ms  ?10 callback_url  ?11 callback_secret_box  ?12 words_json  ?13 pool
UPDATE jobs SET
    state = 'queued', run = run + CASE state WHEN 'failed' THEN 1 ELSE 0 END,
    model = ?3, strategy_request = ?4, outputs_json = ?5, options_json = ?6, reserved_credits = ?7, task_due_at_ms = ?8,
    callback_url = ?10, callback_secret_box = ?11, words_json = ?12, pool = ?13, queued_at_ms = ?9, updated_at_ms = ?9,
    attempt = 0, lease_id = NULL, lease_expires_at_ms = NULL, stage = NULL, progress_percent = 0,
    facts_json = NULL, strategy = NULL, resolution = NULL, assets_json = NULL, previews_json = NULL, qa_report_json = NULL,
    error_code = NULL, error_message = NULL, ended_at_ms = NULL, objects_removed_at_ms = NULL
WHERE id = ?1 AND run = ?2 AND state IN ('created', 'failed') AND deleted_at_ms IS NULL
    AND EXISTS (
        SELECT 1 FROM accounts
        JOIN api_keys ON api_keys.id = jobs.api_key_id
        LEFT JOIN key_months ON key_months.api_key_id = api_keys.id
            AND key_months.month = strftime('%Y-%m', jobs.created_at_ms / 1000, 'unixepoch')
        WHERE accounts.id = jobs.account_id AND accounts.balance_credits >= ?7
            AND (api_keys.monthly_quota_credits IS NULL
                OR coalesce(key_months.used_credits, 0) + CAST(?7 AS INTEGER) <= api_keys.monthly_quota_credits)
    )
RETURNING *;
