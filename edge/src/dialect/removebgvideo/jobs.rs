//! The RemoveBGVideo API's jobs: created, started, read, listed.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use shared::id::JobId;
use shared::time::UnixMillis;

use super::map;
use super::policy::POLICY;
use super::wire::{ItemsOut, JobIn, JobOut, ListQuery};
use crate::app::find_source::find_source;
use crate::app::ports::Ports as _;
use crate::app::start_job::{self, RunRequest};
use crate::app::submit_job::{self, JobInput, JobRequest};
use crate::app::{get_job, list_deliveries};
use crate::deps::Deps;
use crate::domain::api_key::Caller;
use crate::domain::error::{Error, bounded};
use crate::domain::idempotency::IdempotencyKey;
use crate::domain::job::{Job, JobState};
use crate::domain::scope::Scope;
use crate::server::credential::{Credential, after_key};
use crate::server::extract::{PathText, RawBody, parse};
use crate::server::http_error::{HttpError, HttpResult};
use crate::server::idempotency::{CreatedResponse, Creation, create_once};
use crate::server::job_path::{JobPath, job_id};
use crate::server::metadata::metadata_json;
use crate::server::page::PageRequest;
use crate::server::{App, caller_request_id, error_responses};

/// Largest offset. Each page costs as much as all pages before it.
const OFFSET_MAX: u32 = 10_000;
const LIST_LIMIT: u32 = 20;
const LIST_LIMIT_MAX: u32 = 100;

/// Creates the job that a body describes. The status is 200 in any case.
pub async fn create(app: &Deps, creation: &Creation<'_>) -> HttpResult<Response> {
    let render = |app: &Deps, job: &Job| CreatedResponse::ok(&map::job_out(app, job));
    create_once(app, creation, render, async |caller, idempotency| {
        let body = parse::<JobIn>(creation.body)?;
        Ok(create_or_draft(app, caller, body, caller_request_id(creation.headers), idempotency).await?)
    })
    .await
}

/// A draft, or a job that starts at once.
async fn create_or_draft(
    app: &Deps,
    caller: Caller,
    body: JobIn,
    request_id: Option<String>,
    idempotency: Option<&IdempotencyKey>,
) -> Result<Job, Error> {
    let (url, metadata) = (body.video_url.clone(), body.metadata.clone());
    let is_draft = body.auto_start == Some(false);
    let run = run_request(app, caller, body)?;
    let input = JobInput::Video { url: url.unwrap_or_default() };
    let request = JobRequest {
        options: run.options,
        metadata_json: metadata.map(metadata_json).transpose()?,
        dialect_request_json: run.dialect_request_json,
        request_id,
        callback_url: run.callback_url,
        ..JobRequest::new(POLICY, run.model, input, run.outputs)
    };
    let created = if is_draft {
        submit_job::create_draft(app, caller, request, idempotency).await
    } else {
        submit_job::submit_job(app, caller, request, idempotency).await
    };
    created.map_err(map::with_own_field_names)
}

/// Start a job
///
/// Queues a draft or a failed job. The members of the body override those of the creation. Counts
/// as a submission, and against the quota of the key that starts it.
#[utoipa::path(
    post,
    path = "/{id}/start",
    operation_id = "startJob",
    tag = "RemoveBGVideo",
    security(("apiKey" = ["jobs"])),
    params(JobPath),
    responses((status = 200, description = "The job."), error_responses::KeyedOfJob)
)]
#[worker::send]
pub async fn post_start(
    App(app): App,
    Credential(key): Credential,
    PathText(id): PathText,
    body: Result<RawBody, HttpError>,
) -> HttpResult<Json<JobOut>> {
    let RawBody(body) = after_key(&app, &key, Scope::Jobs, body).await?;
    let id = job_id(&app, &key, &id).await?;
    let (caller, job) = get_job::get_job_as_caller(&*app, &key, id).await?;
    if job.dialect != POLICY.name {
        // Jobs of other dialects are never drafts, and have no stored request to start from.
        return Err(Error::JobNotStartable.into());
    }
    // An empty body changes nothing of what the job was created with.
    let start = if body.is_empty() { JobIn::default() } else { parse::<JobIn>(&body)? };
    let request = map::stored_request(&job);
    let run = map::run_request(map::merge(request.clone(), start), |url| {
        let kept = map::kept_picture(&request, job.options.composition.picture.as_ref(), url);
        kept.map_or_else(|| find_source(&*app, caller, "background.image_url", url), Ok)
    })?;
    let job = start_job::start_job(&*app, caller, job, run).await.map_err(map::with_own_field_names)?;
    Ok(Json(map::job_out(&*app, &job)))
}

fn run_request(app: &Deps, caller: Caller, body: JobIn) -> Result<RunRequest, Error> {
    map::run_request(body, |url| find_source(app, caller, "background.image_url", url))
}

/// The response with one job and the deliveries of its events.
pub async fn one_response(app: &Deps, job: &Job) -> HttpResult<Response> {
    let mut out = map::job_out(app, job);
    if job.callback.is_some() {
        let deliveries = list_deliveries::list_deliveries_of(app, job).await?;
        out.webhook_events = Some(deliveries.iter().map(map::webhook_event_out).collect());
    }
    Ok(Json(out).into_response())
}

/// The page and the states that a request names; no state means all.
pub fn list_request(query: &ListQuery) -> Result<(PageRequest, Vec<JobState>), Error> {
    let limit = bounded("limit", query.limit.unwrap_or(LIST_LIMIT), 1..=LIST_LIMIT_MAX)?;
    let offset = bounded("offset", query.offset.unwrap_or_default(), 0..=OFFSET_MAX)?;
    let states = query.status.as_deref().map(|name| {
        let message = "Must be `created`, `processing`, `completed` or `failed`.".to_owned();
        map::states(name).ok_or(Error::invalid("status", message))
    });
    let states = states.transpose()?.unwrap_or_default();
    Ok((PageRequest::newest(JobId::PREFIX, limit, offset), states.into()))
}

/// The response with one page of jobs, of which one more than it shows was read.
pub fn list_response(app: &Deps, page: &PageRequest, jobs: &[Job]) -> Response {
    let (shown, _) = page.split(jobs);
    Json(ItemsOut { items: shown.iter().map(|job| map::job_out(app, job)).collect() }).into_response()
}

/// The instant `days` days ago.
pub fn days_ago(app: &Deps, days: u32) -> UnixMillis {
    app.now().minus_ms(u64::from(days) * 24 * 60 * 60 * 1_000)
}
