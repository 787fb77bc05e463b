//! The parts that all HTTP endpoints share: extractors, error responses, and the layers around
//! every route. It knows no dialect: each dialect passes its own error body, limits and headers in
//! its `Mount`.

pub mod credential;
pub mod error_responses;
pub mod extract;
pub mod http_error;
pub mod idempotency;
pub mod job_path;
pub mod metadata;
pub mod mount;
pub mod multipart;
pub mod page;
pub mod rate_limit;
mod request_id;
pub mod routes;

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use serde::Serialize;

use self::http_error::HttpError;
use crate::deps::Deps;
use crate::domain::error::Error;

pub use self::request_id::caller_request_id;

/// Largest body of a JSON request.
/// Units: bytes. 256 KB.
pub const BODY_SIZE_BYTES_MAX: usize = 256 * 1024;

/// The text of a JSON body.
pub fn write_json(body: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(body).map_err(|error| Error::Internal(format!("a body cannot be written: {error}")))
}

/// The ports of this request, as an extractor for handlers.
#[derive(Clone)]
pub struct App(pub Arc<Deps>);

impl<S: Sync> FromRequestParts<S> for App {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, HttpError> {
        parts.extensions.get().cloned().ok_or_else(|| Error::Internal("a request came without its ports".into()).into())
    }
}
