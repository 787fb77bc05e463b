//! An account, its keys and its credits, as SQL gives them.

use serde::Deserialize;
use shared::id::{AccountId, ApiKeyId, JobId, LedgerEntryId};
use shared::time::UnixMillis;

use super::read_first;
use crate::app::ports::{Account, KeyMonth, KeyWithUse, LedgerEntry, WebhookSecret};
use crate::domain::api_key::ApiKey;
use crate::domain::dialect::KeyDialect;
use crate::domain::error::Error;
use crate::domain::history::WorkHistory;
use crate::domain::quota::Quota;
use crate::domain::scope::Scope;
use crate::domain::spending_limit::SpendingLimit;
use crate::store::database::Rows;

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
            dialect: KeyDialect::find(&row.dialect).unwrap_or(KeyDialect::Bgless),
            // A scope that this version does not know is ignored.
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

/// A row of the view `spending_limits`.
#[derive(Deserialize)]
#[expect(clippy::struct_field_names, reason = "the columns are named so")]
pub struct SpendingLimitRow {
    balance_credits: u64,
    monthly_quota_credits: Option<u64>,
    used_credits: i64,
}

impl From<SpendingLimitRow> for SpendingLimit {
    fn from(row: SpendingLimitRow) -> Self {
        // A month with more refunds than reserves counts as unused.
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

pub fn read_key(rows: &impl Rows) -> Result<Option<ApiKey>, Error> {
    Ok(read_first::<ApiKeyRow>(rows)?.map(ApiKey::from))
}

pub fn read_spending_limit(rows: &impl Rows) -> Result<Option<SpendingLimit>, Error> {
    Ok(read_first::<SpendingLimitRow>(rows)?.map(SpendingLimit::from))
}
