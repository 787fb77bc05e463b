//! The Unscreen API, v1.0: its routes. What differs from the original, and every choice, stands in
//! `docs/unscreen.md`.

mod create_video;
mod error;
mod form;
mod limit_headers;
mod map;
mod policy;
mod wire;

use crate::server::routes::{Routes, routes};
use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderName, StatusCode};
use shared::id::JobId;

use super::spec::DialectSpec;
use crate::app::{delete_job, get_job, list_jobs, read_credits};
use crate::deps::Deps;
use crate::domain::job::Job;
use crate::domain::scope::Scope;
use crate::server::credential::{Credential, after_key};
use crate::server::extract::{PathText, QueryOf};
use crate::server::http_error::{HttpError, HttpResult};
use crate::server::job_path::{JobPath, job_id};
use crate::server::mount::Mount;
use crate::server::page::{PAGE_LIMIT_MAX, PageQuery, PageRequest};
use crate::server::rate_limit::RateLimitRules;
use crate::server::write_json;
use crate::server::{App, error_responses};

pub static DIALECT: DialectSpec = DialectSpec {
    policy: policy::POLICY,
    mounts: &[Mount {
        prefixes: &[PATH],
        routes,
        rate_limit: RATE_LIMIT,
        exposed_headers: &["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", CREDITS_CHARGED],
        render_error: error::render,
    }],
    event_body: |ports, _, job| write_json(&map::event_out(ports, job)),
    event_headers: |_| Vec::new(),
};

const RATE_LIMIT: RateLimitRules =
    RateLimitRules { submission_paths: &["/v1.0/videos"], uncounted_paths: &[], headers: limit_headers::render };

/// All paths of this dialect start so.
const PATH: &str = "/v1.0/";
/// The header with the cost of a video so far. Units: credits.
const CREDITS_CHARGED: &str = "x-credits-charged";

fn routes() -> Routes {
    let videos = Routes::default().routes(routes!(get_videos, create_video::post_video)).routes(routes!(get_video, delete_video));
    Routes::default().nest("/v1.0/videos", videos).routes(routes!(get_account))
}

/// List videos
#[utoipa::path(
    get,
    path = "",
    operation_id = "listVideos",
    tag = "Unscreen",
    security(("apiKey" = ["jobs"])),
    params(PageQuery),
    responses((status = 200, description = "The account's videos, newest first."), error_responses::KeyedWithQuery)
)]
#[worker::send]
async fn get_videos(
    App(app): App,
    Credential(key): Credential,
    query: Result<QueryOf<PageQuery>, HttpError>,
) -> HttpResult<Json<wire::VideosOut>> {
    let read = query.and_then(|QueryOf(query)| {
        let limit = query.limit.or(Some(PAGE_LIMIT_MAX));
        Ok(PageRequest::read(&PageQuery { limit, ..query }, JobId::PREFIX)?)
    });
    let page = after_key(&app, &key, Scope::Jobs, read).await?;
    let jobs = list_jobs::list_jobs(&*app, &key, &page.rows(), &[]).await?.jobs;
    Ok(Json(map::videos_out(&*app, &page, &jobs)))
}

/// Get a video
#[utoipa::path(
    get,
    path = "/{id}",
    operation_id = "getVideo",
    tag = "Unscreen",
    security(("apiKey" = ["jobs"])),
    params(JobPath),
    responses((status = 200, description = "The video."), error_responses::KeyedOfJob)
)]
#[worker::send]
async fn get_video(App(app): App, Credential(key): Credential, PathText(id): PathText) -> HttpResult<Response> {
    let job = get_job::get_job(&*app, &key, job_id(&app, &key, &id).await?).await?;
    Ok(video(&app, &job))
}

/// Delete a video
#[utoipa::path(
    delete,
    path = "/{id}",
    operation_id = "deleteVideo",
    tag = "Unscreen",
    security(("apiKey" = ["jobs"])),
    params(JobPath),
    responses((status = 204, description = "The video is gone."), error_responses::KeyedOfJob)
)]
#[worker::send]
async fn delete_video(App(app): App, Credential(key): Credential, PathText(id): PathText) -> HttpResult<StatusCode> {
    delete_job::delete_job(&*app, &key, job_id(&app, &key, &id).await?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Get the balance
#[utoipa::path(
    get,
    path = "/v1.0/account",
    operation_id = "getUnscreenAccount",
    tag = "Unscreen",
    security(("apiKey" = ["jobs"])),
    responses((status = 200, description = "The balance."), error_responses::Keyed)
)]
#[worker::send]
async fn get_account(App(app): App, Credential(key): Credential) -> HttpResult<Json<wire::AccountOut>> {
    let (spending_limit, _) = read_credits::get_credits(&*app, &key).await?;
    Ok(Json(map::account_out(spending_limit)))
}

/// A video, with what it has cost so far.
fn video(app: &Deps, job: &Job) -> Response {
    let body = wire::VideoOut { data: map::video_out(app, job) };
    ([(HeaderName::from_static(CREDITS_CHARGED), job.charged_credits.to_string())], Json(body)).into_response()
}
