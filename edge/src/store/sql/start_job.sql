-- start_job: a draft, or a run that failed, becomes a new queued run of the key that starts it, if that key can pay its reserve this
-- month and all uploads among its files may still be read. What an earlier run found and made is cleared.
-- ?1 job id  ?2 run as it was read  ?3 model  ?4 strategy_request  ?5 outputs_json  ?6 options_json  ?7 reserved_credits
-- ?8 task_due_at_ms  ?9 now_ms  ?10 callback_url  ?11 callback_secret_box  ?12 dialect_request_json  ?13 pool  ?14 month
-- ?15 api_key_id  ?16 new files, a JSON array of {role, objectKey, sizeBytes, url}
UPDATE jobs SET
    state = 'queued', run = run + 1, api_key_id = ?15,
    model = ?3, strategy_request = ?4, outputs_json = ?5, options_json = ?6, reserved_credits = ?7, task_due_at_ms = ?8,
    callback_url = ?10, callback_secret_box = ?11, dialect_request_json = ?12, pool = ?13, queued_at_ms = ?9, reserved_at_ms = ?9, updated_at_ms = ?9,
    attempt = 0, give_backs = 0, lease_id = NULL, lease_expires_at_ms = NULL, stage = NULL, progress_percent = 0,
    facts_json = NULL, strategy = NULL, choice_json = NULL, resolution = NULL, assets_json = NULL, previews_json = NULL,
    qa_report_json = NULL, error_code = NULL, error_message = NULL, ended_at_ms = NULL, objects_removed_at_ms = NULL
WHERE id = ?1 AND run = ?2 AND state IN ('created', 'failed') AND deleted_at_ms IS NULL
    AND EXISTS (
        SELECT 1 FROM spending_limits
        WHERE spending_limits.api_key_id = ?15 AND spending_limits.month = ?14
            AND spending_limits.available_credits >= ?7
    )
    AND NOT EXISTS (
        SELECT 1 FROM job_files
        WHERE job_files.job_id = jobs.id AND job_files.run = jobs.run AND job_files.role <> 'backdrop'
            AND job_files.object_key LIKE 'uploads/%'
            AND NOT EXISTS (SELECT 1 FROM readable_uploads WHERE readable_uploads.object_key = job_files.object_key)
    )
    AND NOT EXISTS (
        SELECT 1 FROM json_each(?16) AS files
        WHERE files.value ->> 'objectKey' LIKE 'uploads/%'
            AND NOT EXISTS (SELECT 1 FROM readable_uploads WHERE readable_uploads.object_key = files.value ->> 'objectKey')
    )
RETURNING id;
