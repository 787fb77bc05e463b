//! The API's faces. A dialect is a folder: paths, wire types, mapping, errors; all call the same use cases.

pub mod bgless;
mod credential;
mod extract;
mod fleet;
mod form;
mod job_path;
mod metadata;
mod page;
mod provider;
pub mod rate_limit;
mod refusal;
mod refusals;
pub mod removebgvideo;
mod request_id;
pub mod unscreen;
pub mod vidgen;

use std::future::ready;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, FromRequestParts, Request};
use axum::response::Response;
use axum::{Router, middleware};
use http::HeaderName;
use http::request::Parts;
use tower_http::cors::{AllowHeaders, Any, CorsLayer};
use tower_service::Service as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use self::refusal::Refusal;
use crate::app::ports::{Delivery, Ports};
use crate::deps::Deps;
use crate::domain::dialect::Dialect;
use crate::domain::error::Error;
use crate::domain::job::Job;

/// Largest body of a JSON request.
/// Units: bytes. 256 KB.
pub const BODY_SIZE_BYTES_MAX: usize = 256 * 1024;

/// How long a browser may remember that it may call. Browsers cap it at a day or less.
const PREFLIGHT_AGE: Duration = Duration::from_hours(24);

/// What a page may read of an answer, beyond what browsers always show.
const EXPOSED_HEADERS: [&str; 14] = [
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
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-credits-charged",
];

/// What a handler is given: the ports of its event, which come with the request.
#[derive(Clone)]
pub struct App(pub Arc<Deps>);

impl<S: Sync> FromRequestParts<S> for App {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        parts.extensions.get().cloned().ok_or_else(|| Error::Internal("a request came without its ports".into()).into())
    }
}

/// Answers a request.
pub async fn answer(deps: Arc<Deps>, mut request: Request) -> Response {
    static ROUTER: OnceLock<Router> = OnceLock::new();
    request.extensions_mut().insert(App(deps));
    // Made once per isolate: a clone shares everything.
    let Ok(response) = ROUTER.get_or_init(router).clone().call(request).await;
    response
}

fn router() -> Router {
    mounted()
        .0
        .clone()
        .fallback(|| ready(Refusal::no_such_route()))
        .method_not_allowed_fallback(|| ready(Refusal::no_such_method()))
        .layer(DefaultBodyLimit::max(BODY_SIZE_BYTES_MAX))
        .layer(middleware::from_fn(rate_limit::limit))
        .layer(middleware::from_fn(request_id::name_and_log))
        .layer(cors())
}

/// Every route and its description.
pub fn mounted() -> &'static (Router, OpenApi) {
    static MOUNTED: OnceLock<(Router, OpenApi)> = OnceLock::new();
    MOUNTED.get_or_init(|| {
        let empty = OpenApiRouter::default();
        empty
            .merge(bgless::routes())
            .merge(unscreen::routes())
            .merge(removebgvideo::routes())
            .merge(vidgen::routes())
            .merge(fleet::routes())
            .merge(provider::routes())
            .split_for_parts()
    })
}

/// What a receiver is told of a job, in the words of the dialect that the job was created through.
pub fn event_body(ports: &impl Ports, delivery: &Delivery, job: &Job) -> Result<String, Error> {
    let body = match job.dialect {
        Dialect::Bgless => serde_json::to_string(&bgless::map::event_out(ports, delivery, job)),
        Dialect::Removebgvideo => serde_json::to_string(&removebgvideo::map::event_out(ports, delivery, job)),
        Dialect::Unscreen => serde_json::to_string(&unscreen::map::event_out(ports, delivery, job)),
        Dialect::Vidgen => serde_json::to_string(&vidgen::map::status_out(ports, job)),
    };
    body.map_err(|error| Error::Internal(format!("cannot write an event: {error}")))
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
