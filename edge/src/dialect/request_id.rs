//! Names every request, logs it once, and completes error bodies with the name.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, header};
use shared::id::RequestId;

use super::App;
use super::refusal::Refusal;
use super::{bgless, unscreen, vidgen};
use crate::app::ports::Ports as _;
use crate::platform::log;

const HEADER: &str = "x-request-id";
/// Longest request id that is taken from a caller.
const CALLERS_ID_CHARS_MAX: usize = 128;

/// Answers carry `X-Request-Id`: the caller's if it sent a sane one, else ours.
#[worker::send]
pub async fn name_and_log(App(app): App, request: Request, next: Next) -> Response {
    let request_id =
        callers(request.headers()).unwrap_or_else(|| RequestId::from_parts(app.now(), app.random_u128()).to_string());
    // The path alone: a query may hold a signature.
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());

    let mut response = next.run(request).await;
    if let Some(refusal) = response.extensions_mut().remove::<Refusal>() {
        refusal.log(&request_id);
        let mut headers = std::mem::take(response.headers_mut());
        response = if path.starts_with(unscreen::PATH) {
            // What goes with 401, which this dialect does not know.
            headers.remove(header::WWW_AUTHENTICATE);
            unscreen::error::render(&refusal).into_response()
        } else if vidgen::is_own(&path) {
            vidgen::error::render(&refusal).into_response()
        } else {
            bgless::error::render(&refusal, &request_id).into_response()
        };
        // Such as `Allow` on 405 and `Content-Range` on 416; the body is a new one.
        for (name, value) in headers.iter().filter(|(name, _)| !matches!(name.as_str(), "content-type" | "content-length")) {
            response.headers_mut().insert(name, value.clone());
        }
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

/// The caller's own name for a request, if it is a sane one.
pub fn callers(headers: &HeaderMap) -> Option<String> {
    headers.get(HEADER).and_then(|value| value.to_str().ok()).filter(|id| is_sane(id)).map(str::to_owned)
}

fn is_sane(id: &str) -> bool {
    (1..=CALLERS_ID_CHARS_MAX).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte))
}
