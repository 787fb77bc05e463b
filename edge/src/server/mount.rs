//! A mount: the routes below some paths, with the layers around them. Each dialect mounts itself
//! with its own error body and its own rate-limit headers.

use std::future::ready;
use std::time::Duration;

use super::routes::Routes;
use axum::extract::DefaultBodyLimit;
use axum::{Router, middleware};
use http::HeaderName;
use tower_http::cors::{AllowHeaders, Any, CorsLayer};

use super::http_error::{HttpError, RenderError};
use super::rate_limit::RateLimitRules;
use super::{BODY_SIZE_BYTES_MAX, rate_limit, request_id};

/// The time for which browsers may cache the response to a preflight request. They cap it at a day
/// or less.
const PREFLIGHT_AGE: Duration = Duration::from_hours(24);

/// Headers of every mount that scripts of other origins may read, beyond those that CORS always
/// allows.
const EXPOSED_HEADERS: [&str; 5] = ["x-request-id", "retry-after", "server-timing", "content-range", "etag"];

/// The routes below some paths, and what they have in common.
pub struct Mount {
    /// A request goes to the mount with the longest prefix of its path.
    pub prefixes: &'static [&'static str],
    pub routes: fn() -> Routes,
    pub rate_limit: RateLimitRules,
    /// Further response headers that scripts of other origins may read, such as those of the rate
    /// limits.
    pub exposed_headers: &'static [&'static str],
    pub render_error: RenderError,
}

impl Mount {
    /// Length of the longest prefix of this mount that the path starts with; None if there is none.
    pub fn prefix_length(&self, path: &str) -> Option<usize> {
        self.prefixes.iter().filter(|prefix| path.starts_with(**prefix)).map(|prefix| prefix.len()).max()
    }

    /// The routes with their layers, answers to unknown paths and methods included.
    pub fn router(&'static self) -> Router {
        Router::from((self.routes)())
            .fallback(|| ready(HttpError::no_such_route()))
            .method_not_allowed_fallback(|| ready(HttpError::no_such_method()))
            .layer(DefaultBodyLimit::max(BODY_SIZE_BYTES_MAX))
            .layer(middleware::from_fn_with_state(&self.rate_limit, rate_limit::limit))
            .layer(middleware::from_fn_with_state(self.render_error, request_id::identify_and_log))
            .layer(self.cors())
    }

    /// Any origin may call: requests are authorized by a key, which browsers never send by
    /// themselves.
    fn cors(&self) -> CorsLayer {
        let exposed = EXPOSED_HEADERS.iter().chain(self.exposed_headers);
        CorsLayer::new()
            .allow_origin(Any)
            .allow_methods(Any)
            .allow_headers(AllowHeaders::mirror_request())
            .expose_headers(exposed.map(|name| HeaderName::from_static(name)).collect::<Vec<_>>())
            .max_age(PREFLIGHT_AGE)
    }
}
