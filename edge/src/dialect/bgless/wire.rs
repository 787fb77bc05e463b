//! What goes over the wire of the bgless API: serde types only.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

#[derive(Serialize)]
pub struct Data<T> {
    pub data: T,
}

#[derive(Serialize)]
pub struct Health {
    pub status: &'static str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateUploadIn {
    pub filename: Option<String>,
    pub content_type: Option<String>,
    pub size_bytes: Option<u64>,
    pub url: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UploadOut {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upload_url: Option<String>,
    pub file_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headers: Option<UploadHeaders>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_url_expires_at: Option<String>,
    /// Until when the file is kept, used or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retained_until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
    pub uploaded: bool,
    pub direct_upload: bool,
}

#[derive(Serialize)]
pub struct UploadHeaders {
    #[serde(rename = "Content-Type")]
    pub content_type: String,
}

#[derive(Deserialize)]
pub struct CreateJobIn {
    pub model: Option<String>,
    pub metadata: Option<Map<String, Value>>,
    pub input: Option<InputIn>,
    pub options: Option<OptionsIn>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InputIn {
    pub mode: Option<String>,
    pub video_url: Option<String>,
    pub alpha_strategy: Option<String>,
    pub duration_sec: Option<f64>,
    pub resolution: Option<String>,
    pub refine_edges: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub struct OptionsIn {
    pub outputs: Option<Vec<String>>,
    pub preset: Option<String>,
    pub callback_url: Option<String>,
    pub callback_secret: Option<String>,
}

#[derive(Deserialize)]
pub struct CreateJobQuery {
    pub wait: Option<bool>,
    pub timeout: Option<u64>,
}

#[derive(Deserialize)]
pub struct DownloadQuery {
    pub format: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobOut {
    pub id: String,
    pub status: &'static str,
    pub progress: u8,
    pub stage: Option<&'static str>,
    pub model: &'static str,
    pub alpha_strategy: Option<&'static str>,
    pub outputs: Vec<&'static str>,
    pub preset: &'static str,
    pub refine_edges: bool,
    /// Outputs are no larger than that.
    pub resolution: Option<&'static str>,
    pub credits: u64,
    pub api_key_id: String,
    pub metadata: Option<Value>,
    pub source: Option<SourceOut>,
    pub output_assets: Vec<AssetOut>,
    pub error: Option<JobErrorOut>,
    pub poll_url: String,
    pub created_at: String,
    pub updated_at: String,
    pub ended_at: Option<String>,
    /// Until when an uploaded source is kept.
    pub source_retained_until: Option<String>,
    /// Until when the outputs are kept.
    pub retained_until: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceOut {
    pub container: String,
    pub video_codec: String,
    pub width: u32,
    pub height: u32,
    pub duration_sec: f64,
    pub frame_rate: f64,
    pub has_alpha: bool,
    pub has_audio: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AssetOut {
    pub format: &'static str,
    pub url: String,
    pub expires_at: String,
    pub content_type: &'static str,
    pub size_bytes: u64,
    pub width: u32,
    pub height: u32,
    pub duration_sec: f64,
    pub frame_count: u64,
    pub has_audio: bool,
}

#[derive(Serialize)]
pub struct JobErrorOut {
    pub code: &'static str,
    pub message: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EstimateOut {
    pub provider: &'static str,
    pub model: &'static str,
    pub credits: u64,
    pub eta_sec: u64,
    pub remaining_credits: u64,
    pub quota: Option<QuotaOut>,
    pub can_afford: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QuotaOut {
    pub monthly_credits: u64,
    pub used_credits: u64,
    pub remaining_credits: u64,
    pub resets_at: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelOut {
    pub id: &'static str,
    pub provider: &'static str,
    pub display_name: &'static str,
    pub modes: Vec<&'static str>,
    pub capabilities: &'static [&'static str],
    pub outputs: Vec<&'static str>,
    pub prices: Vec<PriceOut>,
    pub available: bool,
    pub unavailable_reason: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PriceOut {
    pub resolution: &'static str,
    pub credits: u64,
    pub per_started_sec: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PageOut<T> {
    pub data: Vec<T>,
    pub next_cursor: Option<String>,
}

#[derive(Deserialize)]
pub struct PageQuery {
    pub limit: Option<u32>,
    pub cursor: Option<String>,
    pub status: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreditsOut {
    pub balance_credits: u64,
    pub quota: Option<QuotaOut>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LedgerEntryOut {
    pub id: String,
    pub kind: String,
    pub amount_credits: i64,
    pub job_id: Option<String>,
    pub api_key_id: Option<String>,
    pub created_at: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyMonthOut {
    pub month: String,
    pub api_key_id: String,
    pub label: String,
    pub project_label: Option<String>,
    pub used_credits: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateKeyIn {
    pub label: Option<String>,
    pub project_label: Option<String>,
    pub monthly_quota_credits: Option<u64>,
    pub scopes: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RotateKeyIn {
    pub overlap_sec: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyOut {
    pub id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    pub label: String,
    pub project_label: Option<String>,
    pub monthly_quota_credits: Option<u64>,
    pub used_credits: u64,
    pub scopes: Vec<&'static str>,
    pub created_at: String,
    pub last_used_at: Option<String>,
    pub revoked_at: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RotateWebhookSecretIn {
    pub overlap_sec: Option<u64>,
}

/// All none while the account has no secret.
#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
pub struct WebhookSecretOut {
    pub secret: Option<String>,
    pub created_at: Option<String>,
    /// Until when the secret before this one signs beside it.
    pub previous_signs_until: Option<String>,
}

#[derive(Serialize)]
pub struct EventOut {
    pub id: String,
    #[serde(rename = "type")]
    pub event: String,
    pub timestamp: String,
    pub data: JobOut,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryOut {
    pub id: String,
    pub event: String,
    pub status: String,
    pub next_attempt_at: Option<String>,
    pub created_at: String,
    pub attempts: Vec<DeliveryAttemptOut>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryAttemptOut {
    pub started_at: String,
    pub duration_ms: u64,
    pub status_code: Option<u16>,
    pub error: Option<String>,
}
