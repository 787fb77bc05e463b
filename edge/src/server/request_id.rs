//! The layer that gives each request its id, logs it once, and renders errors, whose bodies may
//! name that id.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderValue};
use shared::id::RequestId;

use super::App;
use super::http_error::{HttpError, RenderError};
use crate::app::ports::Ports as _;
use crate::platform::log;

const HEADER: &str = "x-request-id";
/// Longest request id that is taken from a caller.
const CALLER_ID_CHARS_MAX: usize = 128;

/// Responses carry `X-Request-Id`: the caller's own if it is well-formed, else a new one.
#[worker::send]
pub async fn identify_and_log(State(render_error): State<RenderError>, App(app): App, request: Request, next: Next) -> Response {
    let request_id =
        caller_request_id(request.headers()).unwrap_or_else(|| RequestId::from_parts(app.now(), app.random_u128()).to_string());
    // The path alone: a query may hold a signature.
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());

    let mut response = next.run(request).await;
    if let Some(error) = response.extensions_mut().remove::<HttpError>() {
        error.log(&request_id);
        let headers = std::mem::take(response.headers_mut());
        response = render_error(&error, &request_id);
        // Such as `Allow` of 405 and the rate-limit headers; type and length are those of the new
        // body.
        for (name, value) in headers.iter().filter(|(name, _)| !matches!(name.as_str(), "content-type" | "content-length")) {
            response.headers_mut().insert(name, value.clone());
        }
        let own = error.headers(response.status(), app.now());
        response.headers_mut().extend(own);
    }
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(HEADER, value);
    }
    let round_trips = app.d1_round_trips();
    if let Ok(value) = HeaderValue::from_str(&format!("d1;desc=\"{round_trips} round trips\"")) {
        response.headers_mut().insert("server-timing", value);
    }
    log::info(
        "request",
        &[
            ("request.id", &request_id),
            ("method", &method),
            ("path", &path),
            ("status", &response.status().as_u16()),
            ("d1.round_trips", &round_trips),
        ],
    );
    response
}

/// The caller's own id for a request, if it is well-formed.
pub fn caller_request_id(headers: &HeaderMap) -> Option<String> {
    headers.get(HEADER).and_then(|value| value.to_str().ok()).filter(|id| is_well_formed(id)).map(str::to_owned)
}

fn is_well_formed(id: &str) -> bool {
    (1..=CALLER_ID_CHARS_MAX).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte))
}
