//! The error body of the bgless API: one envelope, stable codes.

use axum::Json;
use axum::response::{IntoResponse as _, Response};

use super::wire::{ErrorBodyOut, ErrorOut};
use crate::server::http_error::{HttpError, status};

/// Names the request in two spellings: clients of RemoveBGVideo, which shares `/v1`, read
/// `request_id`.
pub fn render(error: &HttpError, request_id: &str) -> Response {
    let body = ErrorBodyOut {
        code: error.code().as_str(),
        message: error.message().to_owned(),
        request_id: request_id.to_owned(),
        request_id_snake: request_id.to_owned(),
        field: error.field().map(str::to_owned),
        details: error.details().cloned(),
    };
    (status(error.code()), Json(ErrorOut { error: body })).into_response()
}
