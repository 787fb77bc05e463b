//! Rows as SQL gives them, and the domain's types made of them.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shared::code::JobErrorCode;
use shared::id::{AccountId, ApiKeyId, JobId, LeaseId, LedgerEntryId, UploadId};
use shared::task::Pool;
use shared::time::UnixMillis;

use crate::app::ports::{Account, JobSums, KeyMonth, KeyWithUse, LedgerEntry, OldUpload, Remembered, SeenModel, WebhookSecret};
use crate::domain::api_key::{ApiKey, Scope};
use crate::domain::error::{Error, JobFailure};
use crate::domain::generation::{Generation, GenerationState};
use crate::domain::history::WorkHistory;
use crate::domain::idempotency::RUNNING_MS_MAX;
use crate::domain::job::{Callback, Dialect, Job, JobState, Lease, RunRef};
use crate::domain::model::Model;
use crate::domain::purse::{Purse, Quota};

/// A row of `api_keys`.
#[derive(Deserialize)]
pub struct ApiKeyRow {
    id: ApiKeyId,
    account_id: AccountId,
    label: String,
    project_label: Option<String>,
    monthly_quota_credits: Option<u64>,
    scopes: String,
    dialect: String,
    created_at_ms: UnixMillis,
    revoked_at_ms: Option<UnixMillis>,
    last_used_at_ms: Option<UnixMillis>,
}

impl From<ApiKeyRow> for ApiKey {
    fn from(row: ApiKeyRow) -> Self {
        Self {
            id: row.id,
            account_id: row.account_id,
            label: row.label,
            project_label: row.project_label,
            monthly_quota_credits: row.monthly_quota_credits,
            dialect: Dialect::find(&row.dialect).unwrap_or(Dialect::Bgless),
            // A scope that this version does not know gives nothing.
            scopes: row.scopes.split(' ').filter_map(Scope::find).collect(),
            created_at_ms: row.created_at_ms,
            revoked_at_ms: row.revoked_at_ms,
            last_used_at_ms: row.last_used_at_ms,
        }
    }
}

/// The scopes as they stand in their column.
pub fn scopes_text(scopes: &[Scope]) -> String {
    scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ")
}

/// A row of `api_keys` with what the key has spent this month.
#[derive(Deserialize)]
pub struct KeyWithUseRow {
    #[serde(flatten)]
    key: ApiKeyRow,
    used_credits: i64,
}

impl From<KeyWithUseRow> for KeyWithUse {
    fn from(row: KeyWithUseRow) -> Self {
        Self { key: row.key.into(), used_credits: row.used_credits.try_into().unwrap_or_default() }
    }
}

/// A row of `ledger_entries`.
#[derive(Deserialize)]
pub struct LedgerEntryRow {
    id: LedgerEntryId,
    kind: String,
    amount_credits: i64,
    job_id: Option<JobId>,
    api_key_id: Option<ApiKeyId>,
    created_at_ms: UnixMillis,
}

impl From<LedgerEntryRow> for LedgerEntry {
    fn from(row: LedgerEntryRow) -> Self {
        let LedgerEntryRow { id, kind, amount_credits, job_id, api_key_id, created_at_ms } = row;
        Self { id, kind, amount_credits, job_id, api_key_id, created_at_ms }
    }
}

/// A row of `key_months` with its key's labels.
#[derive(Deserialize)]
pub struct KeyMonthRow {
    id: ApiKeyId,
    label: String,
    project_label: Option<String>,
    month: String,
    used_credits: i64,
}

impl From<KeyMonthRow> for KeyMonth {
    fn from(row: KeyMonthRow) -> Self {
        let KeyMonthRow { id, label, project_label, month, used_credits } = row;
        Self { api_key_id: id, label, project_label, month, used_credits }
    }
}

/// What a key can spend.
#[derive(Deserialize)]
#[expect(clippy::struct_field_names, reason = "the columns are named so")]
pub struct PurseRow {
    balance_credits: u64,
    monthly_quota_credits: Option<u64>,
    used_credits: i64,
}

impl From<PurseRow> for Purse {
    fn from(row: PurseRow) -> Self {
        // A month into which more came back than went out is an unused one.
        let used_credits = row.used_credits.try_into().unwrap_or_default();
        let quota = row.monthly_quota_credits.map(|monthly_credits| Quota { monthly_credits, used_credits });
        Self { balance_credits: row.balance_credits, quota }
    }
}

/// An account's secret for its receivers.
#[derive(Deserialize)]
pub struct WebhookSecretRow {
    webhook_secret_box: String,
    webhook_secret_created_at_ms: UnixMillis,
    old_webhook_secret_box: Option<String>,
    old_webhook_secret_until_ms: Option<UnixMillis>,
}

impl From<WebhookSecretRow> for WebhookSecret {
    fn from(row: WebhookSecretRow) -> Self {
        Self {
            secret_box: row.webhook_secret_box,
            created_at_ms: row.webhook_secret_created_at_ms,
            old: row.old_webhook_secret_box.zip(row.old_webhook_secret_until_ms),
        }
    }
}

/// A row of `work_history`.
#[derive(Deserialize)]
pub struct WorkHistoryRow {
    jobs: u32,
    weight: f64,
    duration_ms: f64,
    work_ms: f64,
    duration_ms_squared: f64,
    duration_ms_by_work_ms: f64,
}

impl From<WorkHistoryRow> for WorkHistory {
    fn from(row: WorkHistoryRow) -> Self {
        let WorkHistoryRow { jobs, weight, duration_ms, work_ms, duration_ms_squared, duration_ms_by_work_ms } = row;
        Self { jobs, weight, duration_ms, work_ms, duration_ms_squared, duration_ms_by_work_ms }
    }
}

/// A row of `matting_models`.
#[derive(Deserialize)]
pub struct MattingModelRow {
    pub position: u32,
    model_json: String,
    seen_at_ms: UnixMillis,
}

impl TryFrom<MattingModelRow> for SeenModel {
    type Error = Error;

    fn try_from(row: MattingModelRow) -> Result<Self, Error> {
        Ok(Self { model: from_json("model_json", &row.model_json)?, seen_at_ms: row.seen_at_ms })
    }
}

/// A row of `uploads`.
#[derive(Deserialize)]
pub struct UploadRow {
    id: UploadId,
    source_json: String,
}

impl TryFrom<UploadRow> for OldUpload {
    type Error = Error;

    fn try_from(row: UploadRow) -> Result<Self, Error> {
        Ok(Self { id: row.id, source: from_json("source_json", &row.source_json)? })
    }
}

/// A row of `accounts` with the sum of its ledger.
#[derive(Deserialize)]
pub struct AccountRow {
    id: AccountId,
    name: String,
    balance_credits: u64,
    ledger_credits: i64,
    created_at_ms: UnixMillis,
}

impl From<AccountRow> for Account {
    fn from(row: AccountRow) -> Self {
        let AccountRow { id, name, balance_credits, ledger_credits, created_at_ms } = row;
        Self { id, name, balance_credits, ledger_credits, created_at_ms }
    }
}

/// What a corrected reserve is compared with.
#[derive(Deserialize)]
pub struct ReserveRow {
    pub reserved_credits: u64,
}

/// A row of `idempotency_keys`.
#[derive(Deserialize)]
pub struct IdempotencyRow {
    fingerprint: String,
    started_at_ms: UnixMillis,
    job_id: Option<JobId>,
    answer_json: Option<String>,
}

impl IdempotencyRow {
    pub fn remembered(self, now: UnixMillis) -> Remembered {
        let given_up = self.started_at_ms.plus_ms(RUNNING_MS_MAX) <= now;
        Remembered::Request {
            fingerprint: self.fingerprint,
            answer_json: self.answer_json,
            lost_job: self.job_id.filter(|_| given_up),
        }
    }
}

/// Sums over jobs.
#[derive(Deserialize)]
pub struct JobSumsRow {
    total: u64,
    completed: u64,
    failed: u64,
    credits: u64,
}

impl From<JobSumsRow> for JobSums {
    fn from(row: JobSumsRow) -> Self {
        let JobSumsRow { total, completed, failed, credits } = row;
        Self { total, completed, failed, credits }
    }
}

/// A run that was ended. SQLite has no booleans.
#[derive(Deserialize)]
pub struct EndedRow {
    pub has_callback: u8,
}

/// A job that was hidden or canceled.
#[derive(Deserialize)]
pub struct DeletedRow {
    pub run: u32,
    pub has_callback: u8,
}

/// A row of which only the existence matters.
#[derive(Deserialize)]
pub struct AnyRow {}

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

/// A run, and where its task waits.
#[derive(Deserialize)]
pub struct DueTaskRow {
    #[serde(flatten)]
    run: RunRow,
    pool: String,
}

impl TryFrom<DueTaskRow> for (Pool, RunRef) {
    type Error = Error;

    fn try_from(row: DueTaskRow) -> Result<Self, Error> {
        Ok((from_text("pool", &row.pool)?, row.run.into()))
    }
}

/// A row of `jobs`.
#[derive(Deserialize)]
pub struct JobRow {
    id: JobId,
    account_id: AccountId,
    api_key_id: ApiKeyId,
    dialect: String,
    run: u32,
    state: String,
    model: String,
    source_json: String,
    background_json: Option<String>,
    sound_json: Option<String>,
    outputs_json: String,
    options_json: Option<String>,
    metadata_json: Option<String>,
    words_json: Option<String>,
    request_id: Option<String>,
    callback_url: Option<String>,
    callback_secret_box: Option<String>,
    reserved_credits: u64,
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

/// A row of `generations`.
#[derive(Deserialize)]
pub struct GenerationRow {
    job_id: JobId,
    run: u32,
    provider: String,
    order_json: String,
    state: String,
    task_id: Option<String>,
    tries: u32,
    sent_at_ms: Option<UnixMillis>,
    due_at_ms: UnixMillis,
    deadline_at_ms: UnixMillis,
}

impl TryFrom<GenerationRow> for Generation {
    type Error = Error;

    fn try_from(row: GenerationRow) -> Result<Self, Error> {
        Ok(Self {
            run: RunRef { job_id: row.job_id, run: row.run },
            provider: row.provider,
            order: from_json("order_json", &row.order_json)?,
            state: GenerationState::find(&row.state).ok_or_else(|| unreadable("state", &row.state))?,
            task_id: row.task_id,
            tries: row.tries,
            sent_at_ms: row.sent_at_ms,
            due_at_ms: row.due_at_ms,
            deadline_at_ms: row.deadline_at_ms,
        })
    }
}

impl TryFrom<JobRow> for Job {
    type Error = Error;

    fn try_from(row: JobRow) -> Result<Self, Error> {
        let lease = row.lease_id.zip(row.lease_expires_at_ms).map(|(id, expires_at_ms)| Lease { id, expires_at_ms });
        let failure = row.error_code.zip(row.error_message).map(|(code, message)| {
            JobErrorCode::find(&code).map(|code| JobFailure { code, message }).ok_or_else(|| unreadable("error_code", &code))
        });
        Ok(Self {
            id: row.id,
            account_id: row.account_id,
            api_key_id: row.api_key_id,
            dialect: Dialect::find(&row.dialect).ok_or_else(|| unreadable("dialect", &row.dialect))?,
            run: row.run,
            state: JobState::find(&row.state).ok_or_else(|| unreadable("state", &row.state))?,
            model: Model::find(&row.model).ok_or_else(|| unreadable("model", &row.model))?,
            source: from_json("source_json", &row.source_json)?,
            background: row.background_json.as_deref().map(|text| from_json("background_json", text)).transpose()?,
            sound: row.sound_json.as_deref().map(|text| from_json("sound_json", text)).transpose()?,
            outputs: from_json("outputs_json", &row.outputs_json)?,
            options: row.options_json.as_deref().map(|text| from_json("options_json", text)).transpose()?.unwrap_or_default(),
            metadata_json: row.metadata_json,
            words_json: row.words_json,
            request_id: row.request_id,
            callback: row.callback_url.map(|url| Callback { url, secret_box: row.callback_secret_box }),
            reserved_credits: row.reserved_credits,
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

/// A value as the JSON text of a `…_json` column.
pub fn to_json(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Internal(format!("cannot write JSON: {error}")))
}

/// A unit variant as its bare name.
pub fn to_text(value: &impl Serialize) -> Result<String, Error> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => Ok(text),
        _ => Err(Error::Internal("not a unit variant".into())),
    }
}

fn from_json<T: DeserializeOwned>(column: &str, text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| Error::Internal(format!("cannot read {column}: {error}")))
}

fn from_text<T: DeserializeOwned>(column: &str, text: &str) -> Result<T, Error> {
    T::deserialize(serde::de::value::StrDeserializer::<serde::de::value::Error>::new(text))
        .map_err(|error| Error::Internal(format!("cannot read {column}: {error}")))
}

fn unreadable(column: &str, text: &str) -> Error {
    Error::Internal(format!("cannot read {column}: `{text}`"))
}
