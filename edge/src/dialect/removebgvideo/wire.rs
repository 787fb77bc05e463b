//! The requests and responses of the RemoveBGVideo API: serde types only.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The body that creates or starts a job. It is stored with the job, and a start overrides its
/// members.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct JobIn {
    #[serde(skip_serializing)]
    pub video_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub background: Option<BackgroundIn>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bg_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bg_color: Option<ColorIn>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bg_image_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_prompt: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub composition: Option<CompositionIn>,
    #[serde(skip_serializing)]
    pub webhook_url: Option<String>,
    #[serde(skip_serializing)]
    pub auto_start: Option<bool>,
    #[serde(skip_serializing)]
    pub metadata: Option<Map<String, Value>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackgroundIn {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<ColorIn>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_url: Option<String>,
}

/// Red, green and blue from 0 to 1; or `#rrggbb`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ColorIn {
    Shares([f64; 3]),
    Text(String),
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CompositionIn {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canvas: Option<CanvasIn>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub foreground: Option<ForegroundIn>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CanvasIn {
    pub width: u32,
    pub height: u32,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ForegroundIn {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anchor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<OffsetIn>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OffsetIn {
    pub x: f64,
    pub y: f64,
}

#[derive(Debug, Deserialize)]
pub struct ListQuery {
    pub limit: Option<u32>,
    pub offset: Option<u32>,
    pub status: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct SummaryQuery {
    pub days: Option<u32>,
}

#[derive(Debug, Deserialize)]
pub struct EventsQuery {
    pub limit: Option<u32>,
}

#[derive(Serialize)]
pub struct JobOut {
    pub success: bool,
    pub id: String,
    pub job_id: String,
    pub status: &'static str,
    pub message: &'static str,
    pub progress: u8,
    pub model: String,
    pub output_format: String,
    pub background: Option<BackgroundIn>,
    pub composition: Option<CompositionIn>,
    pub text_prompt: Option<String>,
    pub output_url: Option<String>,
    /// Until when `output_url` works.
    pub output_url_expires_at: Option<String>,
    pub error: Option<ErrorOut>,
    /// The parts of the request that could not be done as requested.
    pub warnings: Vec<&'static str>,
    pub metadata: Option<Value>,
    /// The caller's own `X-Request-Id` of the creation.
    pub request_id: Option<String>,
    pub webhook_url: Option<String>,
    pub credits: u64,
    pub created_at: String,
    pub updated_at: String,
    /// The deliveries of the job; only when one job is read, and only if it has a webhook.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_events: Option<Vec<WebhookEventOut>>,
}

#[derive(Serialize)]
pub struct ErrorOut {
    pub code: &'static str,
    pub message: String,
}

#[derive(Serialize)]
pub struct WebhookEventOut {
    pub event: String,
    /// `sent`, `failed` or `pending`.
    pub status: &'static str,
    pub attempts: usize,
}

#[derive(Serialize)]
pub struct ItemsOut<T> {
    pub items: Vec<T>,
}

#[derive(Serialize)]
pub struct UploadOut {
    pub success: bool,
    pub video_id: String,
    pub video_url: String,
    pub filename: String,
    pub size: u64,
}

#[derive(Serialize)]
pub struct SummaryOut {
    pub days: u32,
    pub total_jobs: u64,
    pub completed_jobs: u64,
    pub failed_jobs: u64,
    pub credits_used: u64,
}

#[derive(Serialize)]
pub struct UsageEventOut {
    pub id: String,
    pub event: String,
    /// Positive gives, negative takes.
    pub credits: i64,
    pub job_id: Option<String>,
    pub created_at: String,
}

/// The body of a webhook event.
#[derive(Serialize)]
pub struct EventOut {
    pub event: &'static str,
    pub data: JobOut,
}
