//! Maps upload requests and their responses.

use super::missing;
use crate::app::create_upload::UploadTicket;
use crate::dialect::bgless::wire::{CreateUploadIn, UploadHeaders, UploadOut};
use crate::domain::error::Error;

/// The two forms of an upload request.
#[derive(Debug, PartialEq, Eq)]
pub enum UploadRequest {
    File { file_name: String, content_type: String, size_bytes: u64 },
    Hosted { url: String },
}

pub fn upload_request(body: CreateUploadIn) -> Result<UploadRequest, Error> {
    if let Some(url) = body.url {
        return Ok(UploadRequest::Hosted { url });
    }
    Ok(UploadRequest::File {
        file_name: body.filename.ok_or_else(|| missing("filename", "Or send `url` for a file that lies elsewhere."))?,
        content_type: body.content_type.ok_or_else(|| missing("contentType", "For instance `video/mp4`."))?,
        size_bytes: body.size_bytes.ok_or_else(|| missing("sizeBytes", "The exact size of the file."))?,
    })
}

pub fn ticket_out(ticket: UploadTicket) -> UploadOut {
    UploadOut {
        upload_url: Some(ticket.upload_url),
        file_url: ticket.file_url,
        method: Some("PUT"),
        headers: Some(UploadHeaders { content_type: ticket.content_type }),
        file_url_expires_at: Some(ticket.file_url_expires_at_ms.to_iso_8601()),
        retained_until: Some(ticket.retained_until_ms.to_iso_8601()),
        size_bytes: Some(ticket.size_bytes),
        uploaded: false,
        direct_upload: true,
    }
}

pub fn hosted_out(url: String) -> UploadOut {
    UploadOut {
        upload_url: None,
        file_url: url,
        method: None,
        headers: None,
        file_url_expires_at: None,
        retained_until: None,
        size_bytes: None,
        uploaded: true,
        direct_upload: false,
    }
}
