//! Rows as SQL gives them, and the domain's types made of them.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shared::code::JobErrorCode;
use shared::id::{AccountId, ApiKeyId, JobId, LeaseId};
use shared::time::UnixMillis;

use crate::app::ports::Account;
use crate::domain::api_key::ApiKey;
use crate::domain::error::{Error, JobFailure};
use crate::domain::job::{Job, JobState, Lease, RunRef};
use crate::domain::model::Model;

/// A row of `api_keys`.
#[derive(Deserialize)]
pub struct ApiKeyRow {
    id: ApiKeyId,
    account_id: AccountId,
    revoked_at_ms: Option<UnixMillis>,
}

impl From<ApiKeyRow> for ApiKey {
    fn from(row: ApiKeyRow) -> Self {
        Self { id: row.id, account_id: row.account_id, revoked_at_ms: row.revoked_at_ms }
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

/// A balance alone.
#[derive(Deserialize)]
pub struct BalanceRow {
    pub balance_credits: u64,
}

/// What a corrected reserve is compared with.
#[derive(Deserialize)]
pub struct ReserveRow {
    pub reserved_credits: u64,
    pub balance_credits: u64,
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

/// A row of `jobs`.
#[derive(Deserialize)]
pub struct JobRow {
    id: JobId,
    account_id: AccountId,
    api_key_id: ApiKeyId,
    run: u32,
    state: String,
    model: String,
    source_json: String,
    outputs_json: String,
    reserved_credits: u64,
    stage: Option<String>,
    progress_percent: u8,
    attempt: u32,
    lease_id: Option<LeaseId>,
    lease_expires_at_ms: Option<UnixMillis>,
    facts_json: Option<String>,
    strategy: Option<String>,
    assets_json: Option<String>,
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
        Ok(Self {
            id: row.id,
            account_id: row.account_id,
            api_key_id: row.api_key_id,
            run: row.run,
            state: JobState::find(&row.state).ok_or_else(|| unreadable("state", &row.state))?,
            model: Model::find(&row.model).ok_or_else(|| unreadable("model", &row.model))?,
            source: from_json("source_json", &row.source_json)?,
            outputs: from_json("outputs_json", &row.outputs_json)?,
            reserved_credits: row.reserved_credits,
            stage: row.stage.as_deref().map(|text| from_text("stage", text)).transpose()?,
            progress_percent: row.progress_percent,
            attempt: row.attempt,
            lease,
            facts: row.facts_json.as_deref().map(|text| from_json("facts_json", text)).transpose()?,
            strategy: row.strategy.as_deref().map(|text| from_text("strategy", text)).transpose()?,
            assets: row.assets_json.as_deref().map(|text| from_json("assets_json", text)).transpose()?.unwrap_or_default(),
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
