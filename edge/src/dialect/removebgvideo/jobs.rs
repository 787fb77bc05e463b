//! The RemoveBGVideo API's jobs: created, started, read, listed.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use shared::id::JobId;
use shared::time::UnixMillis;

use super::map;
use super::wire::{ItemsOut, JobIn, JobOut, ListQuery};
use crate::app::find_source::find_source;
use crate::app::ports::{Page, Ports as _};
use crate::app::start_job::{self, RunRequest};
use crate::app::submit_job::{self, JobInput, JobRequest};
use crate::app::{get_job, list_deliveries, list_jobs};
use crate::deps::Deps;
use crate::dialect::credential::Credential;
use crate::dialect::extract::{PathText, RawBody, parse};
use crate::dialect::job_path::{JobPath, job_id};
use crate::dialect::metadata::metadata_json;
use crate::dialect::refusal::Answer;
use crate::dialect::{App, refusals};
use crate::domain::api_key::{Caller, KeyHash};
use crate::domain::dialect::Dialect;
use crate::domain::error::{Error, bounded};
use crate::domain::idempotency::IdempotencyKey;
use crate::domain::job::Job;

/// Most of a list that is passed over: further back, every part costs more.
const OFFSET_MAX: u32 = 10_000;
const LIST_LIMIT: u32 = 20;
const LIST_LIMIT_MAX: u32 = 100;

/// A job as it was asked for: a draft, or started at once.
pub async fn create(
    app: &Deps,
    caller: Caller,
    body: JobIn,
    request_id: Option<String>,
    idempotency: Option<&IdempotencyKey>,
) -> Result<Job, Error> {
    let (url, metadata) = (body.video_url.clone(), body.metadata.clone());
    let is_draft = body.auto_start == Some(false);
    let run = run_request(app, caller, body)?;
    let request = JobRequest {
        dialect: Dialect::Removebgvideo,
        model: run.model,
        input: JobInput::Video { url: url.unwrap_or_default() },
        outputs: run.outputs,
        background_url: None,
        duration_ms: None,
        options: run.options,
        metadata_json: metadata.map(metadata_json).transpose()?,
        dialect_request_json: run.dialect_request_json,
        request_id,
        callback_url: run.callback_url,
        callback_secret: None,
    };
    let created = if is_draft {
        start_job::create_draft(app, caller, request).await
    } else {
        submit_job::submit_job(app, caller, request, idempotency).await
    };
    created.map_err(map::in_own_words)
}

/// Start a job
///
/// A draft, or a job that failed, is queued; what the body says goes over what was said before.
#[utoipa::path(
    post,
    path = "/v1/jobs/{id}/start",
    operation_id = "startJob",
    tag = "RemoveBGVideo",
    security(("apiKey" = ["jobs"])),
    params(JobPath),
    responses((status = 200, description = "The job."), refusals::KeyedOfJob)
)]
#[worker::send]
pub async fn post_start(
    App(app): App,
    Credential(key): Credential,
    PathText(id): PathText,
    RawBody(body): RawBody,
) -> Answer<Json<JobOut>> {
    let id = job_id(&app, &key, &id).await?;
    let job = get_job::get_job(&*app, &key, id).await?;
    if job.dialect != Dialect::Removebgvideo {
        // Other dialects' jobs are never drafts, and have no words to go over.
        return Err(Error::JobNotStartable.into());
    }
    // Who has nothing to add sends nothing.
    let start = if body.is_empty() { JobIn::default() } else { parse::<JobIn>(&body)? };
    let caller = Caller { account_id: job.account_id, api_key_id: job.api_key_id };
    let run = run_request(&app, caller, map::overlaid(map::words(&job), start))?;
    let job = start_job::start_job(&*app, job, run).await.map_err(map::in_own_words)?;
    Ok(Json(map::job_out(&*app, &job)))
}

fn run_request(app: &Deps, caller: Caller, body: JobIn) -> Result<RunRequest, Error> {
    map::run_request(body, |url| find_source(app, caller, "background.image_url", url))
}

/// One job, with what became of its events.
pub async fn one(app: &Deps, key: &KeyHash, job: &Job) -> Answer<Response> {
    let mut out = map::job_out(app, job);
    if job.callback.is_some() {
        let deliveries = list_deliveries::list_deliveries(app, key, job.id).await?;
        out.webhook_events = Some(deliveries.iter().map(map::webhook_event_out).collect());
    }
    Ok(Json(out).into_response())
}

/// A part of the account's jobs.
pub async fn list(app: &Deps, key: &KeyHash, query: &ListQuery) -> Answer<Response> {
    let limit = bounded("limit", query.limit.unwrap_or(LIST_LIMIT), 1..=LIST_LIMIT_MAX)?;
    let offset = bounded("offset", query.offset.unwrap_or_default(), 0..=OFFSET_MAX)?;
    let states = query.status.as_deref().map(|name| {
        let message = "Must be `created`, `processing`, `completed` or `failed`.".to_owned();
        map::states(name).ok_or(Error::invalid("status", message))
    });
    let states = states.transpose()?.unwrap_or_default();
    let page = Page { cursor: format!("{}_~", JobId::PREFIX), limit, offset };
    let jobs = list_jobs::list_jobs(app, key, &page, states).await?.jobs;
    Ok(Json(ItemsOut { items: jobs.iter().map(|job| map::job_out(app, job)).collect() }).into_response())
}

/// So many days ago.
pub fn days_ago(app: &Deps, days: u32) -> UnixMillis {
    UnixMillis::new(app.now().as_u64().saturating_sub(u64::from(days) * 24 * 60 * 60 * 1_000))
}
