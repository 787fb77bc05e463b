//! The VidGen API: its routes. What the original leaves open, and every choice, stands in `docs/vidgen.md`.

mod create_job;
pub mod error;
mod form;
pub mod map;
mod share;
mod wire;

use axum::Json;
use shared::id::JobId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::credential::{Credential, after_key};
use super::extract::{PathText, QueryOf};
use super::job_path::{JobPath, job_id};
use super::refusal::{Answer, Refusal};
use super::{App, refusals};
use crate::app::{cancel_job, get_job, list_jobs};
use crate::deps::Deps;
use crate::domain::api_key::KeyHash;

/// Below which everything of this dialect stands, but for what is bgless's.
const PATH: &str = "/api/";
const NOT_OURS: &str = "/api/v1";

pub fn routes() -> OpenApiRouter {
    OpenApiRouter::default()
        .routes(routes!(get_health))
        .routes(routes!(get_jobs, create_job::post_job))
        .routes(routes!(get_one_job, delete_one_job))
        .routes(routes!(post_cancellation))
        .routes(routes!(get_status))
        .routes(routes!(share::get_share))
}

/// Whether a path belongs to this dialect.
pub fn is_own(path: &str) -> bool {
    path.starts_with(PATH) && !path.starts_with(NOT_OURS)
}

/// Check the service
#[utoipa::path(
    get,
    path = "/api/health",
    operation_id = "getVidgenHealth",
    tag = "VidGen",
    security(()),
    responses((status = 200, description = "The service runs."))
)]
async fn get_health() -> Json<wire::HealthOut> {
    Json(wire::HealthOut { status: "ok" })
}

/// List jobs
#[utoipa::path(
    get,
    path = "/api/jobs",
    operation_id = "listVidgenJobs",
    tag = "VidGen",
    security(("apiKey" = ["jobs"])),
    responses((status = 200, description = "The account's jobs, newest first."), refusals::KeyedWithQuery)
)]
#[worker::send]
async fn get_jobs(
    App(app): App,
    Credential(key): Credential,
    query: Result<QueryOf<wire::ListQuery>, Refusal>,
) -> Answer<Json<wire::JobsOut>> {
    let read = query.and_then(|QueryOf(query)| Ok(map::list_request(&query)?));
    let (page, states) = after_key(&app, &key, read).await?;
    let jobs = list_jobs::list_jobs(&*app, &key, &page, states).await?.jobs;
    Ok(Json(map::jobs_out(&*app, &page, &jobs)))
}

/// Get a job
#[utoipa::path(
    get,
    path = "/api/jobs/{id}",
    operation_id = "getVidgenJob",
    tag = "VidGen",
    security(("apiKey" = ["jobs"])),
    params(JobPath),
    responses((status = 200, description = "The job."), refusals::KeyedOfJob)
)]
#[worker::send]
async fn get_one_job(App(app): App, Credential(key): Credential, PathText(id): PathText) -> Answer<Json<wire::OneJobOut>> {
    let job = get_job::get_job(&*app, &key, job_id(&app, &key, &id).await?).await?;
    Ok(Json(map::one_job_out(&*app, &job)))
}

/// Get a job's status
#[utoipa::path(
    get,
    path = "/api/status/{id}",
    operation_id = "getVidgenStatus",
    tag = "VidGen",
    security(("apiKey" = ["jobs"])),
    params(JobPath),
    responses((status = 200, description = "The status."), refusals::KeyedOfJob)
)]
#[worker::send]
async fn get_status(App(app): App, Credential(key): Credential, PathText(id): PathText) -> Answer<Json<wire::StatusOut>> {
    let job = get_job::get_job(&*app, &key, job_id(&app, &key, &id).await?).await?;
    Ok(Json(map::status_out(&*app, &job)))
}

/// Cancel a job
#[utoipa::path(
    delete,
    path = "/api/jobs/{id}",
    operation_id = "deleteVidgenJob",
    tag = "VidGen",
    security(("apiKey" = ["jobs"])),
    params(JobPath),
    responses((status = 200, description = "The job is canceled."), refusals::KeyedOfJob)
)]
#[worker::send]
async fn delete_one_job(App(app): App, Credential(key): Credential, PathText(id): PathText) -> Answer<Json<wire::CanceledOut>> {
    cancel(&app, &key, &id).await
}

/// Cancel a job, too
#[utoipa::path(
    post,
    path = "/api/jobs/{id}/cancel",
    operation_id = "cancelVidgenJob",
    tag = "VidGen",
    security(("apiKey" = ["jobs"])),
    params(JobPath),
    responses((status = 200, description = "The job is canceled."), refusals::KeyedOfJob)
)]
#[worker::send]
async fn post_cancellation(
    App(app): App,
    Credential(key): Credential,
    PathText(id): PathText,
) -> Answer<Json<wire::CanceledOut>> {
    cancel(&app, &key, &id).await
}

async fn cancel(app: &Deps, key: &KeyHash, id: &str) -> Answer<Json<wire::CanceledOut>> {
    let id: JobId = job_id(app, key, id).await?;
    cancel_job::cancel_job(app, key, id).await?;
    Ok(Json(wire::CanceledOut { success: true, message: "Job cancelled successfully" }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_bgless_has_under_the_same_path_is_not_ours() {
        for (path, ours) in [
            ("/api/jobs", true),
            ("/api/nonsense", true),
            ("/api/v1/jobs", false),
            ("/api/v1", false),
            ("/api", false),
            ("/v1/jobs", false),
        ] {
            assert_eq!(is_own(path), ours, "{path}");
        }
    }
}
