-- complete_job: a leased run succeeds. A lease that expired still counts until another claim ends it.
-- ?1 job id  ?2 run  ?3 lease_id  ?4 strategy  ?5 assets_json  ?6 now_ms
-- ?7 previews_json  ?8 qa_report_json
UPDATE jobs SET
    state = 'success', stage = NULL, progress_percent = 100, strategy = ?4, assets_json = ?5, previews_json = ?7, qa_report_json = ?8,
    updated_at_ms = ?6, ended_at_ms = ?6
WHERE id = ?1 AND run = ?2 AND lease_id = ?3 AND state IN ('transcoding', 'queued')
RETURNING id, callback_url IS NOT NULL AS has_callback;
