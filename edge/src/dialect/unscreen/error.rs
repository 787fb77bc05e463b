//! How the Unscreen API refuses: a list of one error, and the status codes of its family, where a bad key is 403.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use shared::code::RequestErrorCode as Code;

use super::wire::{ErrorOut, ErrorsOut};
use crate::server::http_error::{HttpError, status};

/// What is said of a request that came with too much.
const TOO_LARGE: &str = "The request is larger than the 100 MB that are taken at once. Announce the file with POST /v1/uploads, \
    PUT it to the answer's `uploadUrl`, and send the answer's `fileUrl` as `video_url`.";
const WRONG_TYPE: &str =
    "Send multipart/form-data, application/x-www-form-urlencoded or application/json; a file must be a video.";

/// A refusal in this dialect's words.
pub fn render(error: &HttpError, _request_id: &str) -> Response {
    let code = error.code();
    let (status, code, title) = match code {
        Code::MissingApiKey => (StatusCode::FORBIDDEN, AUTH_FAILED, "API Key missing".to_owned()),
        Code::InvalidApiKey => (StatusCode::FORBIDDEN, AUTH_FAILED, "API Key invalid".to_owned()),
        Code::RevokedApiKey => (StatusCode::FORBIDDEN, AUTH_FAILED, "API Key revoked".to_owned()),
        Code::PayloadTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, code.as_str(), TOO_LARGE.to_owned()),
        Code::UnsupportedMediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, code.as_str(), WRONG_TYPE.to_owned()),
        Code::JobNotFound => (StatusCode::NOT_FOUND, "video_not_found", "No such video.".to_owned()),
        // Whatever is wrong with the source is wrong with the request.
        Code::InvalidJson
        | Code::InvalidRequest
        | Code::ForbiddenUrl
        | Code::InvalidFileUrl
        | Code::ExpiredFileUrl
        | Code::UploadMissing => (StatusCode::BAD_REQUEST, code.as_str(), error.message_with_field(own_name)),
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
        | Code::Internal => (status(code), code.as_str(), error.message_with_field(own_name)),
    };
    (status, Json(ErrorsOut { errors: [ErrorOut { title, code }] })).into_response()
}

/// What the family says to every key that does not open.
const AUTH_FAILED: &str = "auth_failed";

fn own_name(field: &str) -> &str {
    match field {
        "input.videoUrl" => "video_url",
        "options.callbackUrl" => "webhook_url",
        field => field,
    }
}
