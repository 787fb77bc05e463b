//! What goes over the wire of the bgless API: serde types only.

use serde::{Deserialize, Serialize};

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
}

#[derive(Deserialize)]
pub struct OptionsIn {
    pub outputs: Option<Vec<String>>,
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
    pub credits: u64,
    pub api_key_id: String,
    pub source: Option<SourceOut>,
    pub output_assets: Vec<AssetOut>,
    pub error: Option<JobErrorOut>,
    pub poll_url: String,
    pub created_at: String,
    pub updated_at: String,
    pub ended_at: Option<String>,
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
