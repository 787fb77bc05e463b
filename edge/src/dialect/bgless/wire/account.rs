//! Requests and responses about an account: models, credits, keys, deliveries.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[cfg(test)]
use super::limits::{self, Limits};
use super::names::{
    DeliveryStatus, EventType, InputMode, KeyDialect, KeyScope, LedgerEntryKind, ModelId, OutputFormat, VideoResolution,
};
#[cfg(test)]
use crate::app::manage_accounts::{GRANT_CREDITS_MAX, NAME_CHARS_MAX};
#[cfg(test)]
use crate::domain::api_key::{ROTATION_OVERLAP_S, ROTATION_OVERLAP_S_MAX};
#[cfg(test)]
use crate::domain::webhook::{SECRET_OVERLAP_S, SECRET_OVERLAP_S_MAX};
use crate::server::extract::whole_or_none;

/// The monthly quota of a key, and the rest of it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Quota)]
pub struct QuotaOut {
    pub monthly_credits: u64,
    /// Reserved or spent since the month began.
    pub used_credits: u64,
    pub remaining_credits: u64,
    /// The first instant of the next month, UTC.
    #[schema(format = DateTime)]
    pub resets_at: String,
}

/// A model that a job may ask for.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Model)]
pub struct ModelOut {
    #[schema(value_type = ModelId)]
    pub id: String,
    /// The provider that does the work; `local` is this installation itself.
    #[schema(example = "local")]
    pub provider: &'static str,
    #[schema(example = "Chroma key")]
    pub display_name: String,
    /// The input modes of its jobs; empty where jobs of this API cannot use it.
    #[schema(value_type = Vec<InputMode>)]
    pub modes: Vec<&'static str>,
    /// Its capabilities.
    #[schema(value_type = Vec<String>, example = json!(["chroma-key", "audio"]))]
    pub capabilities: &'static [&'static str],
    #[schema(value_type = Vec<OutputFormat>)]
    pub outputs: Vec<&'static str>,
    pub prices: Vec<PriceOut>,
    /// Whether this installation can run it.
    pub available: bool,
    /// Why not; null for a model that is available.
    #[schema(required)]
    pub unavailable_reason: Option<String>,
    /// The kind of inputs and outputs of a matting model of the operator's: `recurrent`, `image` or
    /// `portrait`; `unknown` where that cannot be read, null for any other model.
    #[schema(required)]
    pub signature: Option<String>,
    /// The licence of a matting model of the operator's, as the operator wrote it; null for any
    /// other model.
    #[schema(required)]
    pub licence: Option<String>,
}

/// The price of a model for one resolution class.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Price)]
pub struct PriceOut {
    #[schema(value_type = VideoResolution)]
    pub resolution: &'static str,
    /// For each started unit of time.
    pub credits: u64,
    /// The length of video that `credits` pays for; each one begun is charged whole. Unit: seconds.
    pub per_started_sec: u64,
}

/// The balance of the account, and the quota of the key.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Credits)]
pub struct CreditsOut {
    /// Reserves of running jobs are subtracted already.
    pub balance_credits: u64,
    /// Null for a key without a monthly quota.
    #[schema(required)]
    pub quota: Option<QuotaOut>,
}

/// One movement of credits. The balance is the sum of all entries.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LedgerEntry)]
pub struct LedgerEntryOut {
    #[schema(example = "led_01KAJ4A2G00000000000000000")]
    pub id: String,
    #[schema(value_type = LedgerEntryKind)]
    pub kind: String,
    /// Positive adds to the balance, negative takes from it; 0 for a settlement, since the reserve
    /// took it.
    pub amount_credits: i64,
    /// Null for a grant.
    #[schema(required)]
    pub job_id: Option<String>,
    /// Null for a grant.
    #[schema(required)]
    pub api_key_id: Option<String>,
    #[schema(format = DateTime)]
    pub created_at: String,
}

/// The credits that one key has spent in one month.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = KeyMonth)]
pub struct KeyMonthOut {
    /// In UTC.
    #[schema(example = "2026-11", pattern = "^[0-9]{4}-[0-9]{2}$")]
    pub month: String,
    pub api_key_id: String,
    pub label: String,
    #[schema(required)]
    pub project_label: Option<String>,
    pub used_credits: i64,
}

/// A key to be made.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CreateKey)]
pub struct CreateKeyIn {
    /// A name to know the key by; not blank.
    #[schema(required, nullable = false, example = "Render farm")]
    pub label: Option<String>,
    /// The project that the key works for; not blank.
    #[schema(example = "Summer campaign")]
    pub project_label: Option<String>,
    /// The most that the key may spend in a calendar month, UTC; unlimited without. Unit: credits.
    #[serde(default, deserialize_with = "whole_or_none")]
    pub monthly_quota_credits: Option<u64>,
    /// The operations that the key permits. Default: `jobs` alone.
    #[schema(value_type = Option<Vec<KeyScope>>)]
    pub scopes: Option<Vec<String>>,
    /// As which API `GET /v1/jobs` answers this key. Default: `bgless`.
    #[schema(value_type = Option<KeyDialect>)]
    pub dialect: Option<String>,
}

/// A request to replace a key.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RotateKey)]
pub struct RotateKeyIn {
    /// How long the old key still works beside the new one. Unit: seconds. Default: a day.
    #[serde(default, deserialize_with = "whole_or_none")]
    pub overlap_sec: Option<u64>,
}

/// An API key.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Key)]
pub struct KeyOut {
    #[schema(example = "key_01KAJ4A2G00000000000000000")]
    pub id: String,
    /// The key itself. Only in the answer that made it, and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "sk_…")]
    pub key: Option<String>,
    pub label: String,
    #[schema(required)]
    pub project_label: Option<String>,
    #[schema(required)]
    pub monthly_quota_credits: Option<u64>,
    /// This month. Unit: credits.
    pub used_credits: u64,
    #[schema(value_type = Vec<KeyScope>)]
    pub scopes: Vec<&'static str>,
    /// As which API `GET /v1/jobs` answers this key.
    #[schema(value_type = KeyDialect)]
    pub dialect: &'static str,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[schema(required, format = DateTime)]
    pub last_used_at: Option<String>,
    /// The key works until then; in the future while a rotation overlaps, null for a key without an
    /// end.
    #[schema(required, format = DateTime)]
    pub revoked_at: Option<String>,
}

/// An event of a job, and its deliveries.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Delivery)]
pub struct DeliveryOut {
    #[schema(example = "evt_01KAJ4A2G00000000000000000_1")]
    pub id: String,
    #[schema(value_type = EventType)]
    pub event: String,
    #[schema(value_type = DeliveryStatus)]
    pub status: String,
    /// Null unless the event is still to be sent.
    #[schema(required, format = DateTime)]
    pub next_attempt_at: Option<String>,
    #[schema(format = DateTime)]
    pub created_at: String,
    /// Oldest first.
    pub attempts: Vec<DeliveryAttemptOut>,
}

/// One attempt to deliver an event.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DeliveryAttempt)]
pub struct DeliveryAttemptOut {
    #[schema(format = DateTime)]
    pub started_at: String,
    pub duration_ms: u64,
    /// The status of the receiver's response; null without one.
    #[schema(required)]
    pub status_code: Option<u16>,
    /// Why there was no response; null when there was one.
    #[schema(required)]
    pub error: Option<String>,
}

/// A request to replace the account's webhook secret.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RotateWebhookSecret)]
pub struct RotateWebhookSecretIn {
    /// How long the old secret still signs beside the new one. Unit: seconds. Default: a day.
    #[serde(default, deserialize_with = "whole_or_none")]
    pub overlap_sec: Option<u64>,
}

/// The account's own secret for its receivers.
#[derive(Serialize, Default, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WebhookSecret)]
pub struct WebhookSecretOut {
    /// As libraries of Standard Webhooks take it.
    #[schema(required, example = "whsec_…")]
    pub secret: Option<String>,
    #[schema(required, format = DateTime)]
    pub created_at: Option<String>,
    /// Until when the secret before this one signs beside it.
    #[schema(required, format = DateTime)]
    pub previous_signs_until: Option<String>,
}

#[cfg(test)]
pub const ACCOUNT_LIMITS: &[Limits] = &[
    ("CreateKey", "label", |field| limits::not_blank(field, NAME_CHARS_MAX)),
    ("CreateKey", "projectLabel", |field| limits::not_blank(field, NAME_CHARS_MAX)),
    ("CreateKey", "monthlyQuotaCredits", |field| limits::between(field, 0, GRANT_CREDITS_MAX)),
    ("CreateKey", "scopes", |list| limits::items(list, None)),
    ("RotateKey", "overlapSec", |field| {
        limits::between(field, 0, ROTATION_OVERLAP_S_MAX);
        limits::default(field, ROTATION_OVERLAP_S);
    }),
    ("RotateWebhookSecret", "overlapSec", |field| {
        limits::between(field, 0, SECRET_OVERLAP_S_MAX);
        limits::default(field, SECRET_OVERLAP_S);
    }),
];
