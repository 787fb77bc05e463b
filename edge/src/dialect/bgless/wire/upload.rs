//! Uploads, and files that are hosted elsewhere.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[cfg(test)]
use super::limits::{self, Limits};
#[cfg(test)]
use crate::domain::upload::CONTENT_TYPE_CHARS_MAX;
use crate::server::extract::whole_or_none;
#[cfg(test)]
use shared::media::SOURCE_SIZE_BYTES_MAX;

/// A file to be uploaded (`filename`, `contentType`, `sizeBytes`), or one that is hosted elsewhere
/// (`url`).
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CreateUpload)]
pub struct CreateUploadIn {
    /// The file's name. Anything but letters, digits, `.`, `_` and `-` is replaced, and only the
    /// last 100 characters are kept.
    #[schema(example = "input.mp4")]
    pub filename: Option<String>,
    /// A video or image type without parameters. The PUT must send the same one.
    #[schema(example = "video/mp4")]
    pub content_type: Option<String>,
    /// The exact size of the file. The PUT must have exactly that size. Unit: bytes.
    #[schema(example = 123_456)]
    #[serde(default, deserialize_with = "whole_or_none")]
    pub size_bytes: Option<u64>,
    /// The public http or https URL of a file that is hosted elsewhere; the other fields are then
    /// ignored.
    #[schema(format = "uri")]
    pub url: Option<String>,
}

/// Where to PUT a file, and the URL by which jobs find it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Upload)]
pub struct UploadOut {
    /// Where to PUT the file, with `headers`, within an hour. Absent for a file that is hosted
    /// elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "uri")]
    pub upload_url: Option<String>,
    /// The URL of the file, for `input.videoUrl` of a job.
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

#[cfg(test)]
pub const UPLOAD_LIMITS: &[Limits] = &[
    ("CreateUpload", "contentType", |field| {
        limits::object(field).max_length = Some(CONTENT_TYPE_CHARS_MAX);
        limits::pattern(field, "^(video|image)/[A-Za-z0-9!#$&^_.+-]+$".to_owned());
    }),
    ("CreateUpload", "sizeBytes", |field| limits::between(field, 1, SOURCE_SIZE_BYTES_MAX)),
];
