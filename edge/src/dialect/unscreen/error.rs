//! The error body of the Unscreen API: a list of one error. As in its family of APIs, the status of
//! a bad key is 403.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use shared::code::RequestErrorCode as Code;

use super::wire::{ErrorOut, ErrorsOut};
use crate::server::http_error::{HttpError, status};

/// The text for a request that is too large.
const TOO_LARGE: &str = "The request is larger than the 100 MB that are taken at once. Announce the file with POST /v1/uploads, \
    PUT it to the answer's `uploadUrl`, and send the answer's `fileUrl` as `video_url`.";
const WRONG_TYPE: &str =
    "Send multipart/form-data, application/x-www-form-urlencoded or application/json; a file must be a video.";

pub fn render(error: &HttpError, _request_id: &str) -> Response {
    let code = error.code();
    let (status, code, title) = match code {
        Code::MissingApiKey => (StatusCode::FORBIDDEN, AUTH_FAILED, "API Key missing".to_owned()),
        Code::InvalidApiKey => (StatusCode::FORBIDDEN, AUTH_FAILED, "API Key invalid".to_owned()),
        Code::RevokedApiKey => (StatusCode::FORBIDDEN, AUTH_FAILED, "API Key revoked".to_owned()),
        Code::PayloadTooLarge if error.field().is_some() => (status(code), code.as_str(), error.message().to_owned()),
        Code::PayloadTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, code.as_str(), TOO_LARGE.to_owned()),
        Code::UnsupportedMediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, code.as_str(), WRONG_TYPE.to_owned()),
        Code::JobNotFound => (StatusCode::NOT_FOUND, "video_not_found", "No such video.".to_owned()),
        // Errors of the source are errors of the request.
        Code::InvalidJson
        | Code::InvalidRequest
        | Code::ForbiddenUrl
        | Code::InvalidFileUrl
        | Code::ExpiredFileUrl
        | Code::UploadMissing => (StatusCode::BAD_REQUEST, code.as_str(), error.message_with_field(own_field_name)),
        Code::Forbidden
        | Code::InsufficientCredits
        | Code::OutputNotFound
        | Code::FileNotFound
        | Code::NotFound
        | Code::MethodNotAllowed
        | Code::JobNotStartable
        | Code::JobActive
        | Code::JobNotCancelable
        | Code::JobNotReady
        | Code::ModelUnavailable
        | Code::IdempotencyKeyRunning
        | Code::IdempotencyKeyReused
        | Code::RangeNotSatisfiable
        | Code::RateLimited
        | Code::Internal => (status(code), code.as_str(), error.message_with_field(own_field_name)),
    };
    (status, Json(ErrorsOut { errors: [ErrorOut { title, code }] })).into_response()
}

/// The code for every key that is not accepted.
const AUTH_FAILED: &str = "auth_failed";

fn own_field_name(field: &str) -> &str {
    match field {
        "input.videoUrl" => "video_url",
        "options.callbackUrl" => "webhook_url",
        field => field,
    }
}
