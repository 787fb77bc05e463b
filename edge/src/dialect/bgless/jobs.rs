//! The bgless API's routes for jobs, but for their creation.

use axum::Json;
use axum::extract::OriginalUri;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use shared::id::JobId;

use super::map;
use super::map::account;
use super::wire::{CreateJobIn, Data, DownloadQuery, EstimateOut, JobOut, JobsQuery, PageOut};
use crate::app::list_jobs::{Listed, find_dialect};
use crate::app::{delete_job, download_output, estimate_job, get_job, list_jobs};
use crate::dialect::credential::{Credential, after_key};
use crate::dialect::extract::{JsonBody, PathText, QueryOf};
use crate::dialect::job_path::{JobPath, job_id};
use crate::dialect::page::{PageQuery, page};
use crate::dialect::refusal::{Answer, Refusal};
use crate::dialect::{App, refusals, removebgvideo};
use crate::domain::dialect::Dialect;

/// Estimate a job
///
/// What a job would cost, how long it would take, and whether the key can afford it. Creates nothing and spends nothing.
/// The file need not be uploaded yet: mode, duration, resolution, outputs and model decide.
#[utoipa::path(
    post,
    path = "/estimate",
    operation_id = "estimateJob",
    tag = "Jobs",
    security(("bearer" = ["jobs"]), ("apiKey" = ["jobs"])),
    request_body = CreateJobIn,
    responses((status = 200, description = "The estimate.", body = Data<EstimateOut>), refusals::KeyedWithBody)
)]
#[worker::send]
pub async fn post_estimate(
    App(app): App,
    Credential(key): Credential,
    JsonBody(body): JsonBody<CreateJobIn>,
) -> Answer<Json<Data<EstimateOut>>> {
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
    responses((status = 200, description = "A part of the list.", body = PageOut<JobOut>), refusals::KeyedWithQuery)
)]
#[worker::send]
pub async fn get_jobs(
    App(app): App,
    OriginalUri(uri): OriginalUri,
    Credential(key): Credential,
    query: Result<QueryOf<PageQuery>, Refusal>,
    filter: Result<QueryOf<JobsQuery>, Refusal>,
    others: Result<QueryOf<removebgvideo::wire::ListQuery>, Refusal>,
) -> Answer<Response> {
    let is_shared = removebgvideo::is_shared(uri.path());
    let read = query.and_then(|QueryOf(query)| {
        let QueryOf(filter) = filter?;
        let state = filter.status.as_deref().map(map::job_state).transpose()?;
        Ok((page(&query, JobId::PREFIX)?, state))
    });
    // What this API cannot read may be the other's words; only the key says which of the two is spoken.
    let (page, state) = match (read, &others) {
        (Err(_), Ok(QueryOf(others))) if is_shared && find_dialect(&*app, &key).await? == Dialect::Removebgvideo => {
            return removebgvideo::jobs::list(&app, &key, others).await;
        }
        (read, _) => after_key(&app, &key, read).await?,
    };
    let Listed { dialect, jobs } = list_jobs::list_jobs(&*app, &key, &page, state.as_slice()).await?;
    if dialect == Dialect::Removebgvideo && is_shared {
        let QueryOf(others) = others?;
        return removebgvideo::jobs::list(&app, &key, &others).await;
    }
    let page = account::page_out(&page, &jobs, |job| job.id.to_string(), |job| map::job_out(&*app, job));
    Ok(Json(page).into_response())
}

/// Get a job
#[utoipa::path(
    get,
    path = "/{id}",
    operation_id = "getJob",
    tag = "Jobs",
    security(("bearer" = ["jobs"]), ("apiKey" = ["jobs"])),
    params(JobPath),
    responses((status = 200, description = "The job.", body = Data<JobOut>), refusals::KeyedOfJob)
)]
#[worker::send]
pub async fn get_one_job(
    App(app): App,
    OriginalUri(uri): OriginalUri,
    Credential(key): Credential,
    PathText(id): PathText,
) -> Answer<Response> {
    let job = get_job::get_job(&*app, &key, job_id(&app, &key, &id).await?).await?;
    if job.dialect == Dialect::Removebgvideo && removebgvideo::is_shared(uri.path()) {
        return removebgvideo::jobs::one(&app, &key, &job).await;
    }
    Ok(Json(Data { data: map::job_out(&*app, &job) }).into_response())
}

/// Delete a job
///
/// Cancels a running job first, so that its reserve comes back, then hides it and removes its source, unless another job
/// uses it, and its outputs. Deleting twice is fine.
#[utoipa::path(
    delete,
    path = "/{id}",
    operation_id = "deleteJob",
    tag = "Jobs",
    security(("bearer" = ["jobs"]), ("apiKey" = ["jobs"])),
    params(JobPath),
    responses((status = 204, description = "The job is gone."), refusals::KeyedOfJob)
)]
#[worker::send]
pub async fn delete_one_job(App(app): App, Credential(key): Credential, PathText(id): PathText) -> Answer<StatusCode> {
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
    responses((status = 302, description = "Where the file lies."), refusals::DownloadOutput)
)]
#[worker::send]
pub async fn get_download(
    App(app): App,
    Credential(key): Credential,
    PathText(id): PathText,
    query: Result<QueryOf<DownloadQuery>, Refusal>,
) -> Answer<Response> {
    let read = query.and_then(|QueryOf(query)| Ok(query.format.map(|name| map::output("format", &name)).transpose()?));
    let output = after_key(&app, &key, read).await?;
    let url = download_output::download_output(&*app, &key, job_id(&app, &key, &id).await?, output).await?;
    // 302: the address holds for a day, the resource's own address forever.
    Ok((StatusCode::FOUND, [(http::header::LOCATION, url)]).into_response())
}
