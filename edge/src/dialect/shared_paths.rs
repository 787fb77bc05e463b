//! The paths that bgless and RemoveBGVideo share: `/v1/jobs` and `/v1/uploads`. This file alone
//! decides which of the two answers there, and it alone looks into bodies to find out. The rules
//! stand in `docs/removebgvideo.md`.

use crate::server::routes::{Routes, routes};
use axum::extract::{OriginalUri, Request};
use axum::response::Response;
use http::HeaderMap;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::bgless::create_job::__path_post_job;
use super::bgless::files::__path_post_upload;
use super::bgless::jobs::{__path_get_jobs, __path_get_one_job};
use super::bgless::wire::{CreateJobQuery, JobsQuery};
use super::{bgless, removebgvideo};
use crate::app::list_jobs::{JobList, find_dialect};
use crate::app::{get_job, list_jobs};
use crate::domain::dialect::KeyDialect;
use crate::domain::scope::Scope;
use crate::server::App;
use crate::server::credential::{Credential, after_key};
use crate::server::extract::{JsonText, PathText, QueryOf, parse};
use crate::server::http_error::{HttpError, HttpResult};
use crate::server::idempotency::Creation;
use crate::server::job_path::job_id;
use crate::server::mount::Mount;
use crate::server::multipart::media_type;
use crate::server::page::PageQuery;
use crate::server::rate_limit::{DRAFT_HEADER_NAMES, RateLimitRules};

/// Everything below `/v1`. Errors have one body, which clients of both dialects can read: that of
/// bgless.
pub static MOUNT: Mount = Mount {
    prefixes: &["/v1/"],
    routes,
    rate_limit: RateLimitRules { submission_paths: &["/jobs", "/alpha-videos", "/start"], ..bgless::RATE_LIMIT },
    exposed_headers: &DRAFT_HEADER_NAMES,
    render_error: bgless::error::render,
};

fn routes() -> Routes {
    let shared_jobs = Routes::default().routes(routes!(get_jobs, post_job)).routes(routes!(get_one_job));
    let jobs = shared_jobs.merge(bgless::own_job_routes()).merge(removebgvideo::job_routes());
    let uploads = Routes::default().routes(routes!(post_upload));
    let rest = Routes::default().merge(bgless::account_routes()).merge(removebgvideo::account_routes());
    Routes::default().nest("/v1", rest.merge(uploads).nest("/jobs", jobs).nest("/alpha-videos", bgless::job_routes()))
}

/// A file in a form is for RemoveBGVideo, JSON for bgless.
#[worker::send]
async fn post_upload(App(app): App, key: Result<Credential, HttpError>, request: Request) -> HttpResult<Response> {
    if media_type(request.headers()) == "multipart/form-data" {
        return removebgvideo::uploads::upload(&app, key, request).await;
    }
    bgless::files::upload(&app, key, request).await
}

/// `video_url` without `input` is for RemoveBGVideo, anything else for bgless.
#[worker::send]
async fn post_job(
    App(app): App,
    OriginalUri(uri): OriginalUri,
    Credential(key): Credential,
    query: Result<QueryOf<CreateJobQuery>, HttpError>,
    headers: HeaderMap,
    body: Result<JsonText, HttpError>,
) -> HttpResult<Response> {
    /// The members that differ between the two.
    #[derive(Deserialize)]
    struct Shape {
        input: Option<IgnoredAny>,
        video_url: Option<IgnoredAny>,
    }

    let JsonText(body) = after_key(&app, &key, Scope::Jobs, body).await?;
    let creation = Creation { key: &key, headers: &headers, path: uri.path(), body: &body };
    match parse::<Shape>(&body) {
        Ok(Shape { input: None, video_url: Some(_) }) => removebgvideo::jobs::create(&app, &creation).await,
        _ => bgless::create_job::create(&app, &creation, query).await,
    }
}

/// A key reads the list as its own `dialect` says, which is known once something was listed. So the
/// list of the likelier dialect is read first; it is read again only where the key is of the other
/// one and the two understand the query differently.
#[worker::send]
async fn get_jobs(
    App(app): App,
    Credential(key): Credential,
    query: Result<QueryOf<PageQuery>, HttpError>,
    filter: Result<QueryOf<JobsQuery>, HttpError>,
    removebgvideo_query: Result<QueryOf<removebgvideo::wire::ListQuery>, HttpError>,
) -> HttpResult<Response> {
    let bgless = bgless::jobs::list_request(query, filter);
    let removebgvideo = removebgvideo_query.and_then(|QueryOf(query)| Ok(removebgvideo::jobs::list_request(&query)?));
    let likely = match (&bgless, &removebgvideo) {
        // bgless has no `offset`.
        (Ok(_), Ok(request)) if request.0.offset > 0 => request,
        (Ok(request), _) | (Err(_), Ok(request)) => request,
        (Err(bgless), Err(removebgvideo)) => {
            let dialect = find_dialect(&*app, &key).await?;
            let refusal = if dialect == KeyDialect::Removebgvideo { removebgvideo } else { bgless };
            return Err(refusal.clone());
        }
    };
    let (likely_page, likely_states) = likely.clone();
    let JobList { dialect, mut jobs } = list_jobs::list_jobs(&*app, &key, &likely_page.rows(), &likely_states).await?;
    let (page, states) = match dialect {
        KeyDialect::Bgless => bgless?,
        KeyDialect::Removebgvideo => removebgvideo?,
    };
    if (&page, &states) != (&likely_page, &likely_states) {
        jobs = list_jobs::list_jobs(&*app, &key, &page.rows(), &states).await?.jobs;
    }
    Ok(match dialect {
        KeyDialect::Bgless => bgless::jobs::list_response(&app, &page, &jobs),
        KeyDialect::Removebgvideo => removebgvideo::jobs::list_response(&app, &page, &jobs),
    })
}

/// A job is read in the dialect that it was created through; those of other dialects as bgless.
#[worker::send]
async fn get_one_job(App(app): App, Credential(key): Credential, PathText(id): PathText) -> HttpResult<Response> {
    let job = get_job::get_job(&*app, &key, job_id(&app, &key, &id).await?).await?;
    if job.dialect == removebgvideo::DIALECT.policy.name {
        return removebgvideo::jobs::one_response(&app, &job).await;
    }
    Ok(bgless::jobs::one_response(&app, &job))
}
