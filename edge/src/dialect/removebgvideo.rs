//! The RemoveBGVideo API: its own routes, and how it answers where it shares a path with bgless (`/v1/jobs`, `/v1/uploads`).
//! What tells the two apart, and every choice, stands in `docs/removebgvideo.md`.

pub mod jobs;
pub mod map;
pub mod uploads;
mod usage;
pub mod wire;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Paths of this dialect alone.
const OWN_PATHS: [&str; 3] = ["/v1/jobs/{id}/start", "/v1/usage/summary", "/v1/usage/events"];
/// Where jobs are read in the words of the dialect that they were created through.
const SHARED_PATH: &str = "/v1/jobs";

pub fn routes() -> OpenApiRouter {
    OpenApiRouter::default()
        .routes(routes!(jobs::post_start))
        .routes(routes!(usage::get_summary))
        .routes(routes!(usage::get_events))
}

/// Whether a path belongs to this dialect alone.
pub fn is_own(path: &str) -> bool {
    OWN_PATHS.contains(&path)
}

/// Whether a path is shared; the same under another name (`/api/v1/jobs`, `/v1/alpha-videos`) is bgless, whatever the job.
pub fn is_shared(path: &str) -> bool {
    path.starts_with(SHARED_PATH)
}
