//! The requests and responses of the VidGen API: serde types only.

use serde::{Deserialize, Serialize};

#[derive(Debug, Default, Deserialize)]
pub struct ListQuery {
    pub limit: Option<u32>,
    pub cursor: Option<String>,
    pub status: Option<String>,
}

#[derive(Serialize)]
pub struct HealthOut {
    pub status: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreatedOut {
    pub message: &'static str,
    pub job_id: String,
}

#[derive(Serialize)]
pub struct CanceledOut {
    pub success: bool,
    pub message: &'static str,
}

/// A job in a list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobOut {
    pub id: String,
    pub status: &'static str,
    pub output_video: Option<String>,
    pub output_share_link: Option<String>,
    pub error_message: Option<String>,
    /// Attempts after the first.
    pub retries: u32,
    pub created_at: String,
    pub updated_at: String,
    pub webhook_url: Option<String>,
}

/// One job: the members that it has in a list and those of its status.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OneJobOut {
    #[serde(flatten)]
    pub job: JobOut,
    pub job_id: String,
    /// Unit: percent.
    pub progress: u8,
}

/// The status of a job; also the body of a webhook event.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusOut {
    pub job_id: String,
    pub status: &'static str,
    /// Unit: percent.
    pub progress: u8,
    pub output_video: Option<String>,
    pub output_share_link: Option<String>,
    pub error_message: Option<String>,
    pub created_at: String,
    pub updated_at: String,
}

#[derive(Serialize)]
pub struct JobsOut {
    pub jobs: Vec<JobOut>,
    pub pagination: PaginationOut,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PaginationOut {
    pub limit: u32,
    pub next_cursor: Option<String>,
    pub has_next_page: bool,
}

#[derive(Serialize)]
pub struct ErrorOut {
    pub error: String,
}
