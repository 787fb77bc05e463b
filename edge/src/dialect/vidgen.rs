//! The VidGen API: its routes. What the original leaves open, and every choice, stands in
//! `docs/vidgen.md`.

mod create_job;
mod error;
mod form;
mod map;
mod policy;
mod share;
mod webhook;
mod wire;

use crate::server::routes::{Routes, routes};
use axum::Json;
use http::HeaderMap;
use shared::id::JobId;
use shared::time::UnixMillis;

use super::spec::DialectSpec;
use crate::app::{cancel_job, get_job, list_jobs};
use crate::deps::Deps;
use crate::domain::api_key::KeyHash;
use crate::domain::rate::RateLimitCheck;
use crate::domain::scope::Scope;
use crate::domain::share::SHARE_PATH;
use crate::server::credential::{Credential, after_key};
use crate::server::extract::{PathText, QueryOf};
use crate::server::http_error::{HttpError, HttpResult};
use crate::server::job_path::{JobPath, job_id};
use crate::server::mount::Mount;
use crate::server::rate_limit::{DRAFT_HEADER_NAMES, RateLimitRules, draft_headers};
use crate::server::write_json;
use crate::server::{App, error_responses};

pub static DIALECT: DialectSpec = DialectSpec {
    policy: policy::POLICY,
    mounts: &[API, SHARE_PAGE],
    event_body: |ports, _, job| write_json(&map::status_out(ports, job)),
    event_headers: webhook::headers,
};

/// `/api/v1` is not part of it: the longer prefix is that of bgless.
const API: Mount = Mount {
    prefixes: &["/api/"],
    routes,
    rate_limit: RateLimitRules { submission_paths: &["/api/jobs"], uncounted_paths: &["/api/health"], headers: limit_headers },
    exposed_headers: &["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"],
    render_error: error::render,
};
const SHARE_PAGE: Mount = Mount {
    prefixes: &[SHARE_PATH],
    routes: || Routes::default().routes(routes!(share::get_share)),
    rate_limit: RateLimitRules { submission_paths: &[], uncounted_paths: &[], headers: draft_headers },
    exposed_headers: &DRAFT_HEADER_NAMES,
    render_error: error::render,
};

fn routes() -> Routes {
    Routes::default()
        .routes(routes!(get_health))
        .routes(routes!(get_jobs, create_job::post_job))
        .routes(routes!(get_one_job, delete_one_job))
        .routes(routes!(post_cancellation))
        .routes(routes!(get_status))
}

/// The triple of the older draft alone: its `RateLimit-Policy` has another form than that of the
/// newer draft.
fn limit_headers(check: &RateLimitCheck, now: UnixMillis) -> HeaderMap {
    let mut headers = draft_headers(check, now);
    headers.remove("ratelimit");
    headers.remove("ratelimit-policy");
    headers
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
    responses((status = 200, description = "The account's jobs, newest first."), error_responses::KeyedWithQuery)
)]
#[worker::send]
async fn get_jobs(
    App(app): App,
    Credential(key): Credential,
    query: Result<QueryOf<wire::ListQuery>, HttpError>,
) -> HttpResult<Json<wire::JobsOut>> {
    let read = query.and_then(|QueryOf(query)| Ok(map::list_request(&query)?));
    let (page, states) = after_key(&app, &key, Scope::Jobs, read).await?;
    let jobs = list_jobs::list_jobs(&*app, &key, &page.rows(), states).await?.jobs;
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
    responses((status = 200, description = "The job."), error_responses::KeyedOfJob)
)]
#[worker::send]
async fn get_one_job(App(app): App, Credential(key): Credential, PathText(id): PathText) -> HttpResult<Json<wire::OneJobOut>> {
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
    responses((status = 200, description = "The status."), error_responses::KeyedOfJob)
)]
#[worker::send]
async fn get_status(App(app): App, Credential(key): Credential, PathText(id): PathText) -> HttpResult<Json<wire::StatusOut>> {
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
    responses((status = 200, description = "The job is canceled."), error_responses::KeyedOfJob)
)]
#[worker::send]
async fn delete_one_job(
    App(app): App,
    Credential(key): Credential,
    PathText(id): PathText,
) -> HttpResult<Json<wire::CanceledOut>> {
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
    responses((status = 200, description = "The job is canceled."), error_responses::KeyedOfJob)
)]
#[worker::send]
async fn post_cancellation(
    App(app): App,
    Credential(key): Credential,
    PathText(id): PathText,
) -> HttpResult<Json<wire::CanceledOut>> {
    cancel(&app, &key, &id).await
}

async fn cancel(app: &Deps, key: &KeyHash, id: &str) -> HttpResult<Json<wire::CanceledOut>> {
    let id: JobId = job_id(app, key, id).await?;
    cancel_job::cancel_job(app, key, id).await?;
    Ok(Json(wire::CanceledOut { success: true, message: "Job cancelled successfully" }))
}
