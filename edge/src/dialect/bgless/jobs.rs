//! The bgless API's routes for jobs, but for their creation.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use shared::id::JobId;

use super::map;
use super::map::account;
use super::wire::{CreateJobIn, Data, DownloadQuery, EstimateOut, JobOut, JobsQuery, PageOut};
use crate::app::{delete_job, download_output, estimate_job, get_job, list_jobs};
use crate::deps::Deps;
use crate::domain::job::{Job, JobState};
use crate::domain::scope::Scope;
use crate::server::credential::{Credential, after_key};
use crate::server::extract::{JsonBody, PathText, QueryOf};
use crate::server::http_error::{HttpError, HttpResult};
use crate::server::job_path::{JobPath, job_id};
use crate::server::page::{PageQuery, PageRequest};
use crate::server::{App, error_responses};

/// Estimate a job
///
/// The price of a job, its expected duration, and whether the key can afford it. Creates nothing
/// and spends nothing. The file need not be uploaded yet: mode, duration, resolution, outputs and
/// model decide.
#[utoipa::path(
    post,
    path = "/estimate",
    operation_id = "estimateJob",
    tag = "Jobs",
    security(("bearer" = ["jobs"]), ("apiKey" = ["jobs"])),
    request_body = CreateJobIn,
    responses((status = 200, description = "The estimate.", body = Data<EstimateOut>), error_responses::KeyedWithBody)
)]
#[worker::send]
pub async fn post_estimate(
    App(app): App,
    Credential(key): Credential,
    body: Result<JsonBody<CreateJobIn>, HttpError>,
) -> HttpResult<Json<Data<EstimateOut>>> {
    let JsonBody(body) = after_key(&app, &key, Scope::Jobs, body).await?;
    let estimate = estimate_job::estimate_job(&*app, &key, map::estimate_request(body)).await?;
    Ok(Json(Data { data: map::estimate_out(&estimate) }))
}

/// List jobs
///
/// The account's jobs, newest first, whichever key created them. Deleted ones are hidden.
#[utoipa::path(
    get,
    path = "",
    operation_id = "listJobs",
    tag = "Jobs",
    security(("bearer" = ["jobs"]), ("apiKey" = ["jobs"])),
    params(PageQuery, JobsQuery),
    responses((status = 200, description = "A part of the list.", body = PageOut<JobOut>), error_responses::KeyedWithQuery)
)]
#[worker::send]
pub async fn get_jobs(
    App(app): App,
    Credential(key): Credential,
    query: Result<QueryOf<PageQuery>, HttpError>,
    filter: Result<QueryOf<JobsQuery>, HttpError>,
) -> HttpResult<Response> {
    let (page, states) = after_key(&app, &key, Scope::Jobs, list_request(query, filter)).await?;
    let jobs = list_jobs::list_jobs(&*app, &key, &page.rows(), &states).await?.jobs;
    Ok(list_response(&app, &page, &jobs))
}

/// The page and the states that a request names; no state means all.
pub fn list_request(
    query: Result<QueryOf<PageQuery>, HttpError>,
    filter: Result<QueryOf<JobsQuery>, HttpError>,
) -> HttpResult<(PageRequest, Vec<JobState>)> {
    let (QueryOf(query), QueryOf(filter)) = (query?, filter?);
    let state = filter.status.as_deref().map(map::job_state).transpose()?;
    Ok((PageRequest::read(&query, JobId::PREFIX)?, state.into_iter().collect()))
}

/// The response with one page of jobs, of which one more than it shows was read.
pub fn list_response(app: &Deps, page: &PageRequest, jobs: &[Job]) -> Response {
    let page = account::page_out(page, jobs, |job| job.id.to_string(), |job| map::job_out(app, job));
    Json(page).into_response()
}

/// Get a job
#[utoipa::path(
    get,
    path = "/{id}",
    operation_id = "getJob",
    tag = "Jobs",
    security(("bearer" = ["jobs"]), ("apiKey" = ["jobs"])),
    params(JobPath),
    responses((status = 200, description = "The job.", body = Data<JobOut>), error_responses::KeyedOfJob)
)]
#[worker::send]
pub async fn get_one_job(App(app): App, Credential(key): Credential, PathText(id): PathText) -> HttpResult<Response> {
    let job = get_job::get_job(&*app, &key, job_id(&app, &key, &id).await?).await?;
    Ok(one_response(&app, &job))
}

/// The response with one job.
pub fn one_response(app: &Deps, job: &Job) -> Response {
    Json(Data { data: map::job_out(app, job) }).into_response()
}

/// Delete a job
///
/// Cancels a running job first, which refunds its reserve, then hides it and removes its outputs,
/// and its source unless another job uses it. Deleting twice is fine.
#[utoipa::path(
    delete,
    path = "/{id}",
    operation_id = "deleteJob",
    tag = "Jobs",
    security(("bearer" = ["jobs"]), ("apiKey" = ["jobs"])),
    params(JobPath),
    responses((status = 204, description = "The job is gone."), error_responses::KeyedOfJob)
)]
#[worker::send]
pub async fn delete_one_job(App(app): App, Credential(key): Credential, PathText(id): PathText) -> HttpResult<StatusCode> {
    delete_job::delete_job(&*app, &key, job_id(&app, &key, &id).await?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Download an output
///
/// Redirects to a signed URL, which works for 24 hours, needs no key, and serves ranges.
#[utoipa::path(
    get,
    path = "/{id}/download",
    operation_id = "downloadOutput",
    tag = "Jobs",
    security(("bearer" = ["jobs"]), ("apiKey" = ["jobs"])),
    params(JobPath, DownloadQuery),
    responses((status = 302, description = "Where the file lies."), error_responses::DownloadOutput)
)]
#[worker::send]
pub async fn get_download(
    App(app): App,
    Credential(key): Credential,
    PathText(id): PathText,
    query: Result<QueryOf<DownloadQuery>, HttpError>,
) -> HttpResult<Response> {
    let read = query.and_then(|QueryOf(query)| Ok(query.format.map(|name| map::output("format", &name)).transpose()?));
    let output = after_key(&app, &key, Scope::Jobs, read).await?;
    let url = download_output::download_output(&*app, &key, job_id(&app, &key, &id).await?, output).await?;
    // 302, not 301: the signed URL expires after a day.
    Ok((StatusCode::FOUND, [(http::header::LOCATION, url)]).into_response())
}
