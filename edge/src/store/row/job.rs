//! Jobs and their runs, as SQL gives them.

use serde::Deserialize;
use shared::code::JobErrorCode;
use shared::id::{AccountId, ApiKeyId, JobId, LeaseId};
use shared::time::UnixMillis;

use super::file::{FileRole, Files};
use super::{from_json, from_text, read_first, to_json, unreadable};
use crate::app::ports::RunStatus;
use crate::domain::error::Error;
use crate::domain::failure::JobFailure;
use crate::domain::job::{Callback, Job, JobOptions, JobState};
use crate::domain::model::Model;
use crate::domain::run::{Lease, RunRef};
use crate::store::database::Rows;

/// A row of `jobs`.
#[derive(Deserialize)]
pub struct JobRow {
    id: JobId,
    account_id: AccountId,
    api_key_id: ApiKeyId,
    dialect: String,
    notifies_start: u8,
    run: u32,
    state: String,
    model: String,
    files_json: String,
    outputs_json: String,
    options_json: String,
    metadata_json: Option<String>,
    dialect_request_json: Option<String>,
    request_id: Option<String>,
    callback_url: Option<String>,
    callback_secret_box: Option<String>,
    reserved_credits: u64,
    charged_credits: u64,
    stage: Option<String>,
    progress_percent: u8,
    attempt: u32,
    lease_id: Option<LeaseId>,
    lease_expires_at_ms: Option<UnixMillis>,
    facts_json: Option<String>,
    strategy: Option<String>,
    choice_json: Option<String>,
    assets_json: Option<String>,
    previews_json: Option<String>,
    qa_report_json: Option<String>,
    error_code: Option<String>,
    error_message: Option<String>,
    created_at_ms: UnixMillis,
    updated_at_ms: UnixMillis,
    ended_at_ms: Option<UnixMillis>,
}

impl TryFrom<JobRow> for Job {
    type Error = Error;

    fn try_from(row: JobRow) -> Result<Self, Error> {
        let lease = row.lease_id.zip(row.lease_expires_at_ms).map(|(id, expires_at_ms)| Lease { id, expires_at_ms });
        let failure = row.error_code.zip(row.error_message).map(|(code, message)| {
            JobErrorCode::find(&code).map(|code| JobFailure { code, message }).ok_or_else(|| unreadable("error_code", &code))
        });
        let mut files = Files::read(&row.files_json)?;
        let mut options: JobOptions = from_json("options_json", &row.options_json)?;
        options.composition.picture = files.take(FileRole::Backdrop)?;
        Ok(Self {
            id: row.id,
            account_id: row.account_id,
            api_key_id: row.api_key_id,
            dialect: row.dialect,
            notifies_start: row.notifies_start != 0,
            run: row.run,
            state: read_state(&row.state)?,
            model: Model::find(&row.model).ok_or_else(|| unreadable("model", &row.model))?,
            source: files.take(FileRole::Source)?,
            background: files.take(FileRole::Background)?,
            sound: files.take(FileRole::Sound)?,
            prompt_image: files.take(FileRole::PromptImage)?,
            prompt_sound: files.take(FileRole::PromptSound)?,
            outputs: from_json("outputs_json", &row.outputs_json)?,
            options,
            metadata_json: row.metadata_json,
            dialect_request_json: row.dialect_request_json,
            request_id: row.request_id,
            callback: row.callback_url.map(|url| Callback { url, secret_box: row.callback_secret_box }),
            reserved_credits: row.reserved_credits,
            charged_credits: row.charged_credits,
            stage: row.stage.as_deref().map(|text| from_text("stage", text)).transpose()?,
            progress_percent: row.progress_percent,
            attempt: row.attempt,
            lease,
            facts: row.facts_json.as_deref().map(|text| from_json("facts_json", text)).transpose()?,
            strategy: row.strategy.as_deref().map(|text| from_text("strategy", text)).transpose()?,
            choice: row.choice_json.as_deref().map(|text| from_json("choice_json", text)).transpose()?,
            assets: row.assets_json.as_deref().map(|text| from_json("assets_json", text)).transpose()?.unwrap_or_default(),
            previews: row.previews_json.as_deref().map(|text| from_json("previews_json", text)).transpose()?.unwrap_or_default(),
            // One of an older shape is not shown; the job is worth more than its report.
            qa_report: row.qa_report_json.as_deref().and_then(|text| serde_json::from_str(text).ok()),
            failure: failure.transpose()?,
            created_at_ms: row.created_at_ms,
            updated_at_ms: row.updated_at_ms,
            ended_at_ms: row.ended_at_ms,
        })
    }
}

/// The columns of a `RunStatus`.
#[derive(Deserialize)]
struct RunStatusRow {
    run: u32,
    state: String,
    lease_id: Option<LeaseId>,
}

impl TryFrom<RunStatusRow> for RunStatus {
    type Error = Error;

    fn try_from(row: RunStatusRow) -> Result<Self, Error> {
        Ok(Self { run: row.run, state: read_state(&row.state)?, lease_id: row.lease_id })
    }
}

fn read_state(text: &str) -> Result<JobState, Error> {
    JobState::find(text).ok_or_else(|| unreadable("state", text))
}

/// A run alone.
#[derive(Deserialize)]
pub struct RunRow {
    id: JobId,
    run: u32,
}

impl From<RunRow> for RunRef {
    fn from(row: RunRow) -> Self {
        Self { job_id: row.id, run: row.run }
    }
}

pub fn read_job(rows: &impl Rows) -> Result<Option<Box<Job>>, Error> {
    read_first::<JobRow>(rows)?.map(|row| row.try_into().map(Box::new)).transpose()
}

pub fn read_run_status(rows: &impl Rows) -> Result<Option<RunStatus>, Error> {
    read_first::<RunStatusRow>(rows)?.map(RunStatus::try_from).transpose()
}

pub fn read_runs(rows: &impl Rows) -> Result<Vec<RunRef>, Error> {
    Ok(rows.read::<RunRow>()?.into_iter().map(RunRef::from).collect())
}

/// The options without the backdrop, which is a row of `job_files`.
pub fn options_json(options: &JobOptions) -> Result<String, Error> {
    let mut options = options.clone();
    options.composition.picture = None;
    to_json(&options)
}
