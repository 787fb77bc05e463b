//! Parameters of paths, queries and headers.

use serde::Deserialize;
use utoipa::IntoParams;

#[cfg(test)]
use super::limits::{self, Limits};
use super::names::{JobStatus, OutputFormat};
#[cfg(test)]
use crate::app::wait_for_job::{WAIT_S, WAIT_S_MAX};
#[cfg(test)]
use crate::server::page::{CURSOR_CHARS_MAX, PAGE_LIMIT, PAGE_LIMIT_MAX};
#[cfg(test)]
use shared::id::{AccountId, ApiKeyId, JobId, LedgerEntryId};
#[cfg(test)]
use utoipa::openapi::Schema;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CreateJobQuery {
    /// Respond when the job is over, after `timeout` at the latest.
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
    /// Identifies the request: a repeat within 24 hours gets the first response and creates
    /// nothing. 1 to 255 visible ASCII characters, quoted or bare, such as a UUID.
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

/// By the beginning of the paths.
#[cfg(test)]
pub const PARAMETER_LIMITS: &[Limits] = &[
    ("/v1/", "limit", |parameter| {
        limits::between(parameter, 1, PAGE_LIMIT_MAX.into());
        limits::default(parameter, PAGE_LIMIT.into());
    }),
    ("/v1/jobs", "cursor", |parameter| cursor(parameter, JobId::PREFIX)),
    ("/v1/credits/ledger", "cursor", |parameter| cursor(parameter, LedgerEntryId::PREFIX)),
    ("/v1/jobs", "timeout", |parameter| {
        limits::between(parameter, 1, WAIT_S_MAX);
        limits::default(parameter, WAIT_S);
    }),
    ("/v1/jobs", "id", |parameter| id(parameter, JobId::PREFIX)),
    ("/v1/keys", "id", |parameter| id(parameter, ApiKeyId::PREFIX)),
    ("/admin/v1/keys", "id", |parameter| id(parameter, ApiKeyId::PREFIX)),
    ("/admin/v1/accounts", "id", |parameter| id(parameter, AccountId::PREFIX)),
    ("/v1/deliveries", "id", |parameter| limits::pattern(parameter, format!("^evt_{ULID}_[1-9][0-9]{{0,9}}$"))),
];

/// Crockford base32, as ids are written.
#[cfg(test)]
const ULID: &str = "[0-7][0-9A-HJKMNP-TV-Z]{25}";

#[cfg(test)]
fn cursor(parameter: &mut Schema, prefix: &str) {
    limits::object(parameter).max_length = Some(CURSOR_CHARS_MAX);
    limits::pattern(parameter, format!("^{prefix}"));
}

#[cfg(test)]
fn id(parameter: &mut Schema, prefix: &str) {
    limits::pattern(parameter, format!("^{prefix}_{ULID}$"));
}
