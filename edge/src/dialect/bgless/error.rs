//! How the bgless API refuses, and RemoveBGVideo's with it: one envelope, stable codes.

use axum::Json;
use http::StatusCode;

use super::wire::{ErrorBodyOut, ErrorOut};
use crate::dialect::refusal::{Refusal, status};

/// A refusal in this dialect's words, with the request's name in the spellings of both kinds of client.
pub fn render(refusal: &Refusal, request_id: &str) -> (StatusCode, Json<ErrorOut>) {
    let error = ErrorBodyOut {
        code: refusal.code().as_str(),
        message: refusal.message().to_owned(),
        request_id: request_id.to_owned(),
        request_id_snake: request_id.to_owned(),
        field: refusal.field().map(str::to_owned),
        details: refusal.details().cloned(),
    };
    (status(refusal.code()), Json(ErrorOut { error }))
}
