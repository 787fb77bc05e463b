//! The bgless API's route that creates a job: once per `Idempotency-Key`; the response comes at
//! once or when the job is over.

use axum::extract::OriginalUri;
use axum::response::Response;
use http::HeaderMap;

use super::map;
use super::wire::{CreateJobIn, CreateJobQuery, Data, IdempotencyHeader, JobOut};
use crate::app::ports::Ports as _;
use crate::app::{submit_job, wait_for_job};
use crate::deps::Deps;
use crate::domain::error::Error;
use crate::domain::job::Job;
use crate::domain::scope::Scope;
use crate::server::credential::{Credential, after_key};
use crate::server::extract::{JsonText, QueryOf, parse};
use crate::server::http_error::{HttpError, HttpResult};
use crate::server::idempotency::{CreatedResponse, Creation, create_once};
use crate::server::{App, error_responses};

/// Create a job
///
/// Reserves the price, creates the job and queues it, all or nothing. Unless `wait=true` says
/// otherwise the answer comes at once; ask `pollUrl`, or name a `callbackUrl`, to learn when the
/// job is over.
#[utoipa::path(
    post,
    path = "",
    operation_id = "createJob",
    tag = "Jobs",
    security(("bearer" = ["jobs"]), ("apiKey" = ["jobs"])),
    params(CreateJobQuery, IdempotencyHeader),
    request_body = CreateJobIn,
    responses(
        (status = 200, description = "The job is over: it ended within `timeout`.", body = Data<JobOut>),
        (status = 202, description = "The job is created; `pollUrl` says how it goes.", body = Data<JobOut>),
        error_responses::CreateJob
    )
)]
#[worker::send]
pub async fn post_job(
    App(app): App,
    OriginalUri(uri): OriginalUri,
    Credential(key): Credential,
    query: Result<QueryOf<CreateJobQuery>, HttpError>,
    headers: HeaderMap,
    body: Result<JsonText, HttpError>,
) -> HttpResult<Response> {
    let JsonText(body) = after_key(&app, &key, Scope::Jobs, body).await?;
    create(&app, &Creation { key: &key, headers: &headers, path: uri.path(), body: &body }, query).await
}

/// Creates the job that a body describes.
pub async fn create(
    app: &Deps,
    creation: &Creation<'_>,
    query: Result<QueryOf<CreateJobQuery>, HttpError>,
) -> HttpResult<Response> {
    let started_at_ms = app.now();
    let wait_ms = query.and_then(|QueryOf(query)| Ok(map::wait_ms(&query)?));
    let wait_ms = after_key(app, creation.key, Scope::Jobs, wait_ms).await?;
    create_once(app, creation, render, async |caller, idempotency| {
        let request = map::job_request(parse::<CreateJobIn>(creation.body)?)?;
        let job = submit_job::submit_job(app, caller, request, idempotency).await?;
        Ok(match wait_ms {
            Some(timeout_ms) => wait_for_job::wait_for_job(app, job, started_at_ms, timeout_ms).await?,
            None => job,
        })
    })
    .await
}

/// 200 when the job is over, 202 while it is not.
fn render(app: &Deps, job: &Job) -> Result<CreatedResponse, Error> {
    let body = Data { data: map::job_out(app, job) };
    if job.state.is_over() { CreatedResponse::ok(&body) } else { CreatedResponse::accepted(&body) }
}
