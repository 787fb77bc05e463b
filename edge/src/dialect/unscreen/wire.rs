//! The requests and responses of the Unscreen API: serde types only.

use serde::{Deserialize, Serialize};

/// The request for a video, from any of the three kinds of body.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
pub struct VideoIn {
    pub video_url: Option<String>,
    pub format: Option<String>,
    pub background_color: Option<String>,
    pub webhook_url: Option<String>,
}

#[derive(Serialize)]
pub struct VideoOut {
    pub data: VideoDataOut,
}

#[derive(Serialize)]
pub struct VideosOut {
    pub data: Vec<VideoDataOut>,
    pub links: ListLinksOut,
}

#[derive(Serialize)]
pub struct ListLinksOut {
    /// The next part of the list, where there is one.
    pub next: Option<String>,
}

#[derive(Serialize)]
pub struct VideoDataOut {
    /// Always `video`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub id: String,
    pub attributes: AttributesOut,
    pub links: LinksOut,
}

#[derive(Serialize)]
pub struct AttributesOut {
    pub status: &'static str,
    /// Unit: percent.
    pub progress: u8,
    pub eta_seconds: u64,
    pub file_name: Option<String>,
    pub format: &'static str,
    pub background_color: Option<String>,
    pub result_url: Option<String>,
    /// `WebM` with alpha, where one was made.
    pub webm_url: Option<String>,
    /// The matte as grey, MP4, where one was made.
    pub matte_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorOut>,
}

#[derive(Serialize)]
pub struct LinksOut {
    #[serde(rename = "self")]
    pub itself: String,
}

/// The body of a webhook event.
#[derive(Serialize)]
pub struct EventOut {
    /// `video:` and the status.
    #[serde(rename = "type")]
    pub event: String,
    pub data: VideoDataOut,
}

#[derive(Serialize)]
pub struct AccountOut {
    pub data: AccountDataOut,
}

#[derive(Serialize)]
pub struct AccountDataOut {
    pub attributes: AccountAttributesOut,
}

#[derive(Serialize)]
pub struct AccountAttributesOut {
    pub credits: CreditsOut,
    pub api: ApiOut,
}

#[derive(Serialize)]
pub struct CreditsOut {
    pub total: u64,
    pub subscription: u64,
    pub payg: u64,
    pub enterprise: u64,
}

#[derive(Serialize)]
pub struct ApiOut {
    pub free_calls: u64,
    pub sizes: &'static str,
}

#[derive(Serialize)]
pub struct ErrorsOut {
    pub errors: [ErrorOut; 1],
}

#[derive(Serialize)]
pub struct ErrorOut {
    pub title: String,
    pub code: &'static str,
}
