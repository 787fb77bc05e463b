//! The API's faces. A dialect is a folder: paths, wire types, mapping, errors; all call the same use cases.

mod admin;
pub mod bgless;
mod credential;
mod fleet;
pub mod rate_limit;
mod request_id;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::{Router, middleware};
use http::HeaderName;
use tower_http::cors::{AllowHeaders, Any, CorsLayer};

use crate::deps::Deps;

/// Largest body of a JSON request.
/// Units: bytes. 256 KB.
const BODY_SIZE_BYTES_MAX: usize = 256 * 1024;

/// How long a browser may remember that it may call. Browsers cap it at a day or less.
const PREFLIGHT_AGE: Duration = Duration::from_hours(24);

/// What a page may read of an answer, beyond what browsers always show.
const EXPOSED_HEADERS: [&str; 10] = [
    "x-request-id",
    "retry-after",
    "server-timing",
    "content-range",
    "etag",
    "ratelimit",
    "ratelimit-policy",
    "ratelimit-limit",
    "ratelimit-remaining",
    "ratelimit-reset",
];

/// What handlers get.
type App = Arc<Deps>;

/// Every route of the Worker.
pub fn router(deps: App) -> Router {
    Router::new()
        .merge(bgless::routes())
        .merge(admin::routes())
        .merge(fleet::routes())
        .fallback(bgless::no_such_route)
        .method_not_allowed_fallback(bgless::no_such_method)
        .layer(DefaultBodyLimit::max(BODY_SIZE_BYTES_MAX))
        .layer(middleware::from_fn_with_state(deps.clone(), rate_limit::limit))
        .layer(middleware::from_fn_with_state(deps.clone(), request_id::name_and_log))
        .layer(cors())
        .with_state(deps)
}

/// Any page may call: what opens doors is the key, which no browser sends by itself.
fn cors() -> CorsLayer {
    let headers = EXPOSED_HEADERS.map(HeaderName::from_static);
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods(Any)
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(headers)
        .max_age(PREFLIGHT_AGE)
}
