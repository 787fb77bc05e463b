//! Parameters of paths, queries and headers.

use serde::Deserialize;
use utoipa::IntoParams;

use super::names::{JobStatus, OutputFormat};

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
#[expect(dead_code, reason = "read as text, since errors of the key come first")]
pub struct KeyPath {
    /// The key's id.
    #[param(example = "key_01KAJ4A2G00000000000000000")]
    id: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "read as text, since errors of the key come first")]
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

/// Which part of the list of jobs.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct JobsQuery {
    #[param(inline, nullable = false, value_type = Option<JobStatus>)]
    pub status: Option<String>,
}
