//! The error body of the VidGen API: one sentence. Statuses are those of its own table.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use shared::code::RequestErrorCode as Code;

use super::wire::ErrorOut;
use crate::server::http_error::{HttpError, status};

pub fn render(error: &HttpError, _request_id: &str) -> Response {
    let fixed = |text: &str| text.to_owned();
    let code = error.code();
    let (status, text) = match code {
        Code::MissingApiKey => (StatusCode::UNAUTHORIZED, fixed("Missing X-API-Key header.")),
        Code::InvalidApiKey | Code::RevokedApiKey => {
            (StatusCode::UNAUTHORIZED, fixed("API key not recognized or has been deactivated."))
        }
        Code::JobNotFound => (StatusCode::NOT_FOUND, fixed("The requested job doesn't exist or doesn't belong to you.")),
        Code::JobActive => (
            StatusCode::CONFLICT,
            fixed("You already have an active job. Wait for it to finish, or cancel it while it is PENDING."),
        ),
        Code::JobNotCancelable => (StatusCode::CONFLICT, fixed("Only PENDING jobs can be cancelled.")),
        Code::PayloadTooLarge if error.field().is_some() => (StatusCode::PAYLOAD_TOO_LARGE, error.message().to_owned()),
        Code::PayloadTooLarge => {
            (StatusCode::PAYLOAD_TOO_LARGE, fixed("Uploaded file exceeded 50 MB, or both files together 100 MB."))
        }
        Code::UnsupportedMediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, wrong_type(error)),
        Code::Internal => (StatusCode::INTERNAL_SERVER_ERROR, fixed("Server error. Retry with exponential backoff.")),
        Code::InvalidJson
        | Code::InvalidRequest
        | Code::ForbiddenUrl
        | Code::InvalidFileUrl
        | Code::ExpiredFileUrl
        | Code::UploadMissing => (StatusCode::BAD_REQUEST, error.message_with_field(own_field_name)),
        Code::Forbidden
        | Code::InsufficientCredits
        | Code::OutputNotFound
        | Code::FileNotFound
        | Code::NotFound
        | Code::MethodNotAllowed
        | Code::JobNotStartable
        | Code::JobNotReady
        | Code::ModelUnavailable
        | Code::IdempotencyKeyRunning
        | Code::IdempotencyKeyReused
        | Code::RangeNotSatisfiable
        | Code::RateLimited => (status(code), error.message().to_owned()),
    };
    (status, Json(ErrorOut { error: text })).into_response()
}

fn wrong_type(error: &HttpError) -> String {
    let taken = match error.field() {
        Some("image") => "`image` must be JPEG, PNG or WebP.",
        _ => "`audio` must be MP3, WAV, M4A or Ogg.",
    };
    format!("Uploaded file's MIME type isn't supported: {taken}")
}

fn own_field_name(field: &str) -> &str {
    if field == "options.callbackUrl" { "webhookUrl" } else { field }
}
