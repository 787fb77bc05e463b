//! Every endpoint of the Worker: those of each dialect, and the internal API.

use std::sync::{Arc, OnceLock};

#[cfg(test)]
use crate::server::routes::Routes;
use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use tower_service::Service as _;

use crate::deps::Deps;
use crate::server::App;
use crate::server::mount::Mount;
use crate::{dialect, internal_api};

/// The response to a request.
pub async fn answer(deps: Arc<Deps>, mut request: Request) -> Response {
    static ROUTERS: OnceLock<Vec<(&Mount, Router)>> = OnceLock::new();
    let routers = ROUTERS.get_or_init(|| mounts().map(|mount| (mount, mount.router())).collect());
    request.extensions_mut().insert(App(deps));
    let path = request.uri().path();
    let longest = routers.iter().max_by_key(|(mount, _)| mount.prefix_length(path));
    // Made once per isolate: a clone shares everything.
    let mut router = longest.map(|(_, router)| router.clone()).unwrap_or_default();
    let Ok(response) = router.call(request).await;
    response
}

fn mounts() -> impl Iterator<Item = &'static Mount> {
    dialect::mounts().chain([&internal_api::MOUNT])
}

/// The description of every route.
#[cfg(test)]
pub fn described() -> utoipa::openapi::OpenApi {
    mounts().fold(Routes::default(), |all, mount| all.merge((mount.routes)())).into_openapi()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_goes_to_the_mount_with_the_longest_prefix() {
        let prefixes = |path: &str| mounts().max_by_key(|mount| mount.prefix_length(path)).unwrap().prefixes;
        for (path, expected) in [
            ("/", &["/", "/api/v1"][..]),
            ("/health", &["/", "/api/v1"]),
            ("/api", &["/", "/api/v1"]),
            ("/api/jobs", &["/api/"]),
            ("/api/nonsense", &["/api/"]),
            ("/api/v1", &["/", "/api/v1"]),
            ("/api/v1/jobs", &["/", "/api/v1"]),
            ("/api/v1/webhooks/kie", &["/internal/", "/api/v1/webhooks/kie"]),
            ("/v1/jobs", &["/v1/"]),
            ("/v1.0/videos", &["/v1.0/"]),
        ] {
            assert_eq!(prefixes(path), expected, "{path}");
        }
    }
}
