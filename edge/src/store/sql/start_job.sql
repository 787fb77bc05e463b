-- start_job: a draft, or a run that failed, becomes a new queued run, if the key can pay its reserve this month. What an earlier run found and
-- made is cleared.
-- ?1 job id  ?2 run as it was read  ?3 model  ?4 strategy_request  ?5 outputs_json  ?6 options_json  ?7 reserved_credits
-- ?8 task_due_at_ms  ?9 now_ms  ?10 callback_url  ?11 callback_secret_box  ?12 dialect_request_json  ?13 pool  ?14 month
UPDATE jobs SET
    state = 'queued', run = run + 1,
    model = ?3, strategy_request = ?4, outputs_json = ?5, options_json = ?6, reserved_credits = ?7, task_due_at_ms = ?8,
    callback_url = ?10, callback_secret_box = ?11, dialect_request_json = ?12, pool = ?13, queued_at_ms = ?9, reserved_at_ms = ?9, updated_at_ms = ?9,
    attempt = 0, lease_id = NULL, lease_expires_at_ms = NULL, stage = NULL, progress_percent = 0,
    facts_json = NULL, strategy = NULL, choice_json = NULL, resolution = NULL, assets_json = NULL, previews_json = NULL,
    qa_report_json = NULL, error_code = NULL, error_message = NULL, ended_at_ms = NULL, objects_removed_at_ms = NULL
WHERE id = ?1 AND run = ?2 AND state IN ('created', 'failed') AND deleted_at_ms IS NULL
    AND EXISTS (
        SELECT 1 FROM spending_limits
        WHERE spending_limits.api_key_id = jobs.api_key_id AND spending_limits.month = ?14
            AND spending_limits.available_credits >= ?7
    )
RETURNING id;
