//! Endpoints that are no dialect's: calls of transcoders, and callbacks of providers. Not part of
//! the published API.

mod kie;
mod transcoders;

use crate::server::routes::Routes;
use axum::Json;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use crate::server::http_error::{HttpError, status};
use crate::server::mount::Mount;
use crate::server::rate_limit::{DRAFT_HEADER_NAMES, RateLimitRules, draft_headers};

/// Transcoders sign their calls and are not counted.
pub static MOUNT: Mount = Mount {
    prefixes: &["/internal/", kie::PATH],
    routes,
    rate_limit: RateLimitRules { submission_paths: &[], uncounted_paths: &["/internal/"], headers: draft_headers },
    exposed_headers: &DRAFT_HEADER_NAMES,
    render_error,
};

fn routes() -> Routes {
    Routes::default().merge(transcoders::routes()).merge(kie::routes())
}

fn render_error(error: &HttpError, request_id: &str) -> Response {
    let body =
        json!({ "code": error.code().as_str(), "message": error.message(), "requestId": request_id, "request_id": request_id });
    (status(error.code()), Json(json!({ "error": body }))).into_response()
}
