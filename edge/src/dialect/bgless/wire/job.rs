//! Responses about jobs, estimates, and webhook events.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::account::QuotaOut;
use super::names::{
    AlphaStrategy, EventType, JobFailureCode, JobStage, JobStatus, ModelId, OutputFormat, PresetName, PreviewName,
    VideoResolution,
};
use shared::qa::QaReport;
use shared::strategy::StrategyChoice;

/// A job, as it is now.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Job)]
pub struct JobOut {
    #[schema(example = "job_01KAJ4A2G00000000000000000")]
    pub id: String,
    #[schema(value_type = JobStatus)]
    pub status: &'static str,
    /// Never falls within one attempt; 100 only on success. Unit: percent.
    #[schema(maximum = 100)]
    pub progress: u8,
    /// Null unless a transcoder works on the job.
    #[schema(required, value_type = Option<JobStage>)]
    pub stage: Option<&'static str>,
    #[schema(value_type = ModelId)]
    pub model: String,
    /// Null until the source was analysed.
    #[schema(required, value_type = Option<AlphaStrategy>)]
    pub alpha_strategy: Option<&'static str>,
    /// Why that strategy, and which others were considered; null until the source was analysed.
    #[schema(required)]
    pub strategy_choice: Option<StrategyChoice>,
    /// As requested, in the same order.
    #[schema(value_type = Vec<OutputFormat>)]
    pub outputs: Vec<&'static str>,
    #[schema(value_type = PresetName)]
    pub preset: &'static str,
    pub refine_edges: bool,
    /// The largest size of the outputs; null where none was requested.
    #[schema(required, value_type = Option<VideoResolution>)]
    pub resolution: Option<&'static str>,
    /// The credits that the job holds or has cost; 0 once they were refunded. Unit: credits.
    pub credits: u64,
    /// The key that the job was created with.
    pub api_key_id: String,
    /// As sent by the caller.
    #[schema(required, value_type = Option<Object>)]
    pub metadata: Option<Value>,
    /// Null until the source was read.
    #[schema(required)]
    pub source: Option<SourceOut>,
    /// Empty until the job succeeded.
    pub output_assets: Vec<AssetOut>,
    /// Previews of the result; empty until the job succeeded.
    pub preview_assets: Vec<PreviewOut>,
    /// Null until the job succeeded.
    #[schema(required)]
    pub qa_report: Option<QaReport>,
    /// Null unless the job failed.
    #[schema(required)]
    pub error: Option<JobErrorOut>,
    /// The URL to poll.
    #[schema(format = "uri")]
    pub poll_url: String,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[schema(format = DateTime)]
    pub updated_at: String,
    /// Null until the job is over.
    #[schema(required, format = DateTime)]
    pub ended_at: Option<String>,
    /// Until when an uploaded source is kept; null for one that is hosted elsewhere.
    #[schema(required, format = DateTime)]
    pub source_retained_until: Option<String>,
    /// Until when the outputs are kept; null until the job is over.
    #[schema(required, format = DateTime)]
    pub retained_until: Option<String>,
}

/// The source as it was probed.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Source)]
pub struct SourceOut {
    /// As the demuxer names it.
    #[schema(example = "mov,mp4,m4a,3gp,3g2,mj2")]
    pub container: String,
    /// As the decoder names it.
    #[schema(example = "h264")]
    pub video_codec: String,
    /// As it is shown, after rotation. Unit: pixels.
    pub width: u32,
    /// As it is shown, after rotation. Unit: pixels.
    pub height: u32,
    /// Unit: seconds.
    pub duration_sec: f64,
    /// Unit: frames a second.
    pub frame_rate: f64,
    pub has_alpha: bool,
    pub has_audio: bool,
}

/// A finished file.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OutputAsset)]
pub struct AssetOut {
    #[schema(value_type = OutputFormat)]
    pub format: &'static str,
    /// Signed; needs no key. Read the job again for a fresh one.
    #[schema(format = "uri")]
    pub url: String,
    /// Until when `url` works: 24 hours from now.
    #[schema(format = DateTime)]
    pub expires_at: String,
    #[schema(example = "video/webm")]
    pub content_type: &'static str,
    /// Unit: bytes.
    pub size_bytes: u64,
    /// Unit: pixels.
    pub width: u32,
    /// Unit: pixels.
    pub height: u32,
    /// Unit: seconds.
    pub duration_sec: f64,
    pub frame_count: u64,
    pub has_audio: bool,
}

/// A file that lets people judge a result.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Preview)]
pub struct PreviewOut {
    #[schema(value_type = PreviewName)]
    pub kind: &'static str,
    /// Signed; works without a key until `expiresAt`.
    #[schema(format = "uri")]
    pub url: String,
    #[schema(format = DateTime)]
    pub expires_at: String,
    #[schema(example = "video/mp4")]
    pub content_type: &'static str,
    /// Unit: bytes.
    pub size_bytes: u64,
    /// Null where it is no picture. Unit: pixels.
    #[schema(required)]
    pub width: Option<u32>,
    #[schema(required)]
    pub height: Option<u32>,
}

/// Why a job failed. Its credits came back.
#[derive(Serialize, ToSchema)]
#[schema(as = JobError)]
pub struct JobErrorOut {
    /// For programs.
    #[schema(value_type = JobFailureCode)]
    pub code: &'static str,
    /// For people. The text may change.
    pub message: String,
}

/// The estimated price and work time of a job.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Estimate)]
pub struct EstimateOut {
    #[schema(example = "local")]
    pub provider: &'static str,
    #[schema(value_type = ModelId)]
    pub model: String,
    /// The price, which creating the job would reserve. Unit: credits.
    pub credits: u64,
    /// How long the work takes, without the time in the queue. Unit: seconds.
    pub eta_sec: u64,
    /// The account's balance. Unit: credits.
    pub remaining_credits: u64,
    /// Null for a key without a monthly quota.
    #[schema(required)]
    pub quota: Option<QuotaOut>,
    /// Whether balance and quota cover the job now.
    pub can_afford: bool,
}

/// A webhook event: a job is over.
#[derive(Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventOut {
    /// The same at each try, and in the header `webhook-id`.
    #[schema(example = "evt_01KAJ4A2G00000000000000000_1")]
    pub id: String,
    #[serde(rename = "type")]
    #[schema(value_type = EventType)]
    pub event: String,
    /// When the job was over.
    #[schema(format = DateTime)]
    pub timestamp: String,
    /// The job as it is when this is sent, so that its file URLs are fresh.
    pub data: JobOut,
}
