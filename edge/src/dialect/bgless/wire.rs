//! What goes over the wire of the bgless API: serde types only. Their comments are the API's documentation.

mod account;
pub mod qa;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

pub use self::account::{
    CreateKeyIn, CreditsOut, DeliveryAttemptOut, DeliveryOut, KeyMonthOut, KeyOut, LedgerEntryOut, ModelOut, PriceOut, QuotaOut,
    RotateKeyIn, RotateWebhookSecretIn, WebhookSecretOut,
};
use self::qa::QaReportOut;
use super::extract::whole_or_none;
use super::openapi::names::{
    AlphaStrategy, AlphaStrategyChoice, ErrorCode, EventType, InputMode, JobFailureCode, JobStage, JobStatus, ModelId,
    OutputFormat, PresetName, PreviewName, VideoResolution,
};

/// The envelope of every answer about one thing.
#[derive(Serialize, ToSchema)]
pub struct Data<T> {
    pub data: T,
}

/// A part of a list, newest first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PageOut<T> {
    pub data: Vec<T>,
    /// The `cursor` of the next part; null when this was the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// The envelope of every refusal.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub struct ErrorOut {
    #[schema(inline)]
    pub error: ErrorBodyOut,
}

#[derive(Serialize, ToSchema)]
pub struct ErrorBodyOut {
    /// For programs.
    #[schema(value_type = ErrorCode)]
    pub code: &'static str,
    /// For people. The words may change.
    pub message: String,
    /// Names the request in our logs; the same as the header `X-Request-Id`.
    #[serde(rename = "requestId")]
    pub request_id: String,
    /// The same as `requestId`.
    #[serde(rename = "request_id")]
    pub request_id_snake: String,
    /// The field, parameter or header at fault, as a path such as `options.outputs[1]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub field: Option<String>,
    /// Figures that go with the code. `insufficient_credits`: `availableCredits`, `requiredCredits`. `rate_limited` by
    /// the key's quota: `monthlyCredits`, `usedCredits`, `requiredCredits`, `resetsAt`; by a limit on requests: `limit`,
    /// `perMinute`. `range_not_satisfiable`: `sizeBytes`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, required = false)]
    pub details: Option<Value>,
}

/// The service answers.
#[derive(Serialize, ToSchema)]
pub struct Health {
    #[schema(example = "ok")]
    pub status: &'static str,
}

/// A file to be uploaded (`filename`, `contentType`, `sizeBytes`), or one that lies elsewhere already (`url`).
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CreateUpload)]
pub struct CreateUploadIn {
    /// The file's name. Anything but letters, digits, `.`, `_` and `-` is replaced, and only the last 100 characters are kept.
    #[schema(example = "input.mp4")]
    pub filename: Option<String>,
    /// A video or image type without parameters. The PUT must send the same one.
    #[schema(example = "video/mp4")]
    pub content_type: Option<String>,
    /// The exact size of the file. The PUT must send as much. Unit: bytes.
    #[schema(example = 123_456)]
    #[serde(default, deserialize_with = "whole_or_none")]
    pub size_bytes: Option<u64>,
    /// The public http or https address of a file that lies elsewhere; the other fields are ignored then.
    #[schema(format = "uri")]
    pub url: Option<String>,
}

/// Where to put a file, and the address under which jobs find it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Upload)]
pub struct UploadOut {
    /// Where to PUT the file, with `headers`, within an hour. Absent for a file that lies elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "uri")]
    pub upload_url: Option<String>,
    /// What to send as `input.videoUrl`.
    #[schema(format = "uri")]
    pub file_url: String,
    /// The method to upload with, always `PUT`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub method: Option<&'static str>,
    /// The headers to upload with; they are part of the signature.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub headers: Option<UploadHeaders>,
    /// Until when `fileUrl` works: 24 hours from now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    pub file_url_expires_at: Option<String>,
    /// Until when the file is kept, used or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    pub retained_until: Option<String>,
    /// As announced. Unit: bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub size_bytes: Option<u64>,
    /// Whether the file is there already.
    pub uploaded: bool,
    /// Whether the file goes straight to storage, by a PUT to `uploadUrl`.
    pub direct_upload: bool,
}

#[derive(Serialize, ToSchema)]
pub struct UploadHeaders {
    #[serde(rename = "Content-Type")]
    pub content_type: String,
}

/// A job to be created or estimated. Unknown fields are ignored.
#[derive(Deserialize, ToSchema)]
#[schema(as = CreateJob)]
pub struct CreateJobIn {
    /// Which model does the work. Default: `auto` for a video, `kie.kling-3-video` for words and pictures.
    #[schema(value_type = Option<ModelId>)]
    pub model: Option<String>,
    /// Anything of the caller's own, given back with the job; at most 4096 bytes as JSON.
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Map<String, Value>>,
    #[schema(required, nullable = false)]
    pub input: Option<InputIn>,
    pub options: Option<OptionsIn>,
}

/// What a job starts from.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = JobInput)]
pub struct InputIn {
    #[schema(required, nullable = false, value_type = Option<InputMode>)]
    pub mode: Option<String>,
    /// The `fileUrl` of an upload, or any public http or https address. Required to create a job of mode `video`;
    /// ignored by estimates.
    #[schema(example = "https://cdn.example.com/input.mp4")]
    pub video_url: Option<String>,
    /// How the matte is to be made. `preserve-source-alpha` keeps the source's own alpha and only converts formats.
    /// Default: `auto`. Must not contradict `model`.
    #[schema(value_type = Option<AlphaStrategyChoice>)]
    pub alpha_strategy: Option<String>,
    /// How long the source is, so that the right sum is reserved; corrected once it was read. Unit: seconds.
    /// Default: 10.
    pub duration_sec: Option<f64>,
    /// Outputs are no larger than that, and no larger picture is paid for. Default: as large as the source, for which the
    /// price of `1080p` is reserved until it was read.
    #[schema(value_type = Option<VideoResolution>)]
    pub resolution: Option<String>,
    /// Take more time for better edges. Default: no.
    pub refine_edges: Option<bool>,
}

/// What is to be made, and who is to be told.
#[derive(Deserialize, Default, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = JobOptions)]
pub struct OptionsIn {
    /// The files to make, each at most once. Default: `webm-vp9-alpha` alone.
    #[schema(value_type = Option<Vec<OutputFormat>>)]
    pub outputs: Option<Vec<String>>,
    /// What the outputs are for. `web-app`: shown on pages, small files. `editing`: worked on further, the source's size and
    /// rate and as much quality as the format holds. `social`: sized and timed as networks take it. Default: `web-app`.
    #[schema(value_type = Option<PresetName>)]
    pub preset: Option<String>,
    /// The public http or https address to POST to when the job is over; not looked at by estimates.
    #[schema(example = "https://example.com/webhooks/bgless")]
    pub callback_url: Option<String>,
    /// Signs what the receiver is told. Without it the account's own secret does, if there is one.
    pub callback_secret: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CreateJobQuery {
    /// Hold the answer back until the job is over, for `timeout` at most.
    #[param(nullable = false, default = false)]
    pub wait: Option<bool>,
    /// How long to wait; only with `wait=true`. Unit: seconds.
    #[param(nullable = false)]
    pub timeout: Option<u64>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DownloadQuery {
    /// Which output. Default: the first that was asked for.
    #[param(inline, nullable = false, value_type = Option<OutputFormat>)]
    pub format: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "read by hand, since it may be quoted or bare")]
pub struct IdempotencyHeader {
    /// Names the request, so that a repeat within 24 hours is answered like the first and creates nothing. 1 to 255
    /// visible ASCII characters, quoted or bare, such as a UUID.
    #[param(rename = "Idempotency-Key", nullable = false, pattern = r#"^("[!#-~]{1,255}"|[!#-~]{1,255})$"#)]
    key: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "read as text: who asks is settled before what is asked for")]
pub struct JobPath {
    /// The job's id.
    #[param(example = "job_01KAJ4A2G00000000000000000")]
    id: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "read as text: who asks is settled before what is asked for")]
pub struct KeyPath {
    /// The key's id.
    #[param(example = "key_01KAJ4A2G00000000000000000")]
    id: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "read as text: who asks is settled before what is asked for")]
pub struct DeliveryPath {
    /// The event's id.
    #[param(example = "evt_01KAJ4A2G00000000000000000_1")]
    id: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "the signed URL is read as a whole")]
pub struct FilePath {
    /// Which object. Its slashes may stand as they are or as `%2F`.
    #[param(rename = "objectKey", example = "uploads/acc_01KAJ4A2G00000000000000000/upl_01KAJ4A2G00000000000000000/input.mp4")]
    object_key: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the signed URL is read as a whole")]
pub struct FileQuery {
    /// The size that was signed. Unit: bytes.
    size: u64,
    /// Until when the URL works. Unit: seconds since 1970.
    expires: u64,
}

/// Which part of a list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// How many items.
    #[param(nullable = false)]
    pub limit: Option<u32>,
    /// The `nextCursor` of the part before.
    #[param(nullable = false)]
    pub cursor: Option<String>,
}

/// Which part of the list of jobs.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct JobsQuery {
    #[param(inline, nullable = false, value_type = Option<JobStatus>)]
    pub status: Option<String>,
}

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
    pub model: &'static str,
    /// Null until the source was looked at.
    #[schema(required, value_type = Option<AlphaStrategy>)]
    pub alpha_strategy: Option<&'static str>,
    /// As asked for, in the same order.
    #[schema(value_type = Vec<OutputFormat>)]
    pub outputs: Vec<&'static str>,
    #[schema(value_type = PresetName)]
    pub preset: &'static str,
    pub refine_edges: bool,
    /// Outputs are no larger than that; null when nothing was asked for.
    #[schema(required, value_type = Option<VideoResolution>)]
    pub resolution: Option<&'static str>,
    /// What the job holds or has cost; 0 once a failed or canceled job gave it back. Unit: credits.
    pub credits: u64,
    /// The key that the job was created with.
    pub api_key_id: String,
    /// The caller's own words.
    #[schema(required, value_type = Option<Object>)]
    pub metadata: Option<Value>,
    /// Null until the source was read.
    #[schema(required)]
    pub source: Option<SourceOut>,
    /// Empty until the job succeeded.
    pub output_assets: Vec<AssetOut>,
    /// For looking at the result without any of its outputs; empty until the job succeeded.
    pub preview_assets: Vec<PreviewOut>,
    /// Null until the job succeeded.
    #[schema(required)]
    pub qa_report: Option<QaReportOut>,
    /// Null unless the job failed.
    #[schema(required)]
    pub error: Option<JobErrorOut>,
    /// Where to ask for the job again.
    #[schema(format = "uri")]
    pub poll_url: String,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[schema(format = DateTime)]
    pub updated_at: String,
    /// Null until the job is over.
    #[schema(required, format = DateTime)]
    pub ended_at: Option<String>,
    /// Until when an uploaded source is kept; null for one that lies elsewhere.
    #[schema(required, format = DateTime)]
    pub source_retained_until: Option<String>,
    /// Until when the outputs are kept; null until the job is over.
    #[schema(required, format = DateTime)]
    pub retained_until: Option<String>,
}

/// What the source turned out to be.
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
    /// For people. The words may change.
    pub message: String,
}

/// What a job would cost.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Estimate)]
pub struct EstimateOut {
    #[schema(example = "local")]
    pub provider: &'static str,
    #[schema(value_type = ModelId)]
    pub model: &'static str,
    /// What would be reserved. Unit: credits.
    pub credits: u64,
    /// How long the work takes, waiting aside. Unit: seconds.
    pub eta_sec: u64,
    /// The account's balance. Unit: credits.
    pub remaining_credits: u64,
    /// Null for a key without a monthly quota.
    #[schema(required)]
    pub quota: Option<QuotaOut>,
    /// Whether balance and quota cover the job now.
    pub can_afford: bool,
}

/// What a receiver is told when a job is over.
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
