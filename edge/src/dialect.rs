//! The API's faces. A dialect is a folder: paths, wire types, mapping, errors; all call the same use cases.

mod admin;
mod bgless;
mod credential;
mod fleet;
mod request_id;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::{Router, middleware};

use crate::deps::Deps;

/// Largest body of a JSON request.
/// Units: bytes. 256 KB.
const BODY_SIZE_BYTES_MAX: usize = 256 * 1024;

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
        .layer(middleware::from_fn_with_state(deps.clone(), request_id::name_and_log))
        .with_state(deps)
}
