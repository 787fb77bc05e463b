//! The bgless API: routes and handlers. Source: the API's own documentation.

pub mod error;
pub mod extract;
mod map;
mod wire;

use axum::extract::{FromRequestParts, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, Uri};
use shared::id::JobId;

use self::error::Refusal;
use self::extract::{JsonBody, PathText, QueryOf};
use self::wire::{CreateJobIn, CreateUploadIn, Data, DownloadQuery, Health, JobOut, UploadOut};
use super::App;
use super::credential::presented_key;
use crate::app::ports::Ports as _;
use crate::app::{authenticate, create_upload, delete_job, download_output, get_job, open_file, submit_job};
use crate::domain::api_key::KeyHash;
use crate::domain::error::Error;
use crate::domain::file_url::FILES_PATH;

type Answer<T> = Result<T, Refusal>;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/health", get(health))
        .route("/v1/uploads", post(post_upload))
        .route("/v1/jobs", post(post_job))
        .route("/v1/jobs/{id}", get(get_one_job).delete(delete_one_job))
        .route("/v1/jobs/{id}/download", get(get_download))
        .route(&format!("{FILES_PATH}{{*object_key}}"), get(get_file))
}

/// The key of a request, not yet looked up.
pub struct Credential(KeyHash);

impl<S: Sync> FromRequestParts<S> for Credential {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        presented_key(&parts.headers).map(|key| Self(KeyHash::of(key))).ok_or_else(|| Error::MissingApiKey.into())
    }
}

async fn health() -> Json<Health> {
    Json(Health { status: "ok" })
}

#[worker::send]
async fn post_upload(
    State(app): State<App>,
    Credential(key): Credential,
    JsonBody(body): JsonBody<CreateUploadIn>,
) -> Answer<Json<Data<UploadOut>>> {
    let caller = authenticate::authenticate(&*app, &key).await?;
    let data = match map::upload_request(body)? {
        map::UploadRequest::File { file_name, content_type, size_bytes } => {
            map::ticket_out(create_upload::create_upload(&*app, caller, &file_name, &content_type, size_bytes)?)
        }
        map::UploadRequest::Hosted { url } => {
            create_upload::check_hosted_file(&*app, caller, &url)?;
            map::hosted_out(url)
        }
    };
    Ok(Json(Data { data }))
}

#[worker::send]
async fn post_job(
    State(app): State<App>,
    Credential(key): Credential,
    JsonBody(body): JsonBody<CreateJobIn>,
) -> Answer<(StatusCode, Json<Data<JobOut>>)> {
    let caller = authenticate::authenticate(&*app, &key).await?;
    let request = map::job_request(body)?;
    let job = submit_job::submit_job(&*app, caller, request).await?;
    Ok((StatusCode::ACCEPTED, Json(Data { data: map::job_out(&*app, &job) })))
}

#[worker::send]
async fn get_one_job(State(app): State<App>, Credential(key): Credential, PathText(id): PathText) -> Answer<Json<Data<JobOut>>> {
    let job = get_job::get_job(&*app, &key, job_id(&app, &key, &id).await?).await?;
    Ok(Json(Data { data: map::job_out(&*app, &job) }))
}

#[worker::send]
async fn delete_one_job(State(app): State<App>, Credential(key): Credential, PathText(id): PathText) -> Answer<StatusCode> {
    delete_job::delete_job(&*app, &key, job_id(&app, &key, &id).await?).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[worker::send]
async fn get_download(
    State(app): State<App>,
    Credential(key): Credential,
    PathText(id): PathText,
    QueryOf(query): QueryOf<DownloadQuery>,
) -> Answer<Response> {
    let output = query.format.map(|name| map::output("format", &name)).transpose()?;
    let url = download_output::download_output(&*app, &key, job_id(&app, &key, &id).await?, output).await?;
    // 302: the address holds for a day, the resource's own address forever.
    Ok((StatusCode::FOUND, [(http::header::LOCATION, url)]).into_response())
}

#[worker::send]
async fn get_file(State(app): State<App>, method: Method, uri: Uri, headers: HeaderMap) -> Answer<Response> {
    let path_and_query = uri.path_and_query().map_or_else(String::new, ToString::to_string);
    let url = format!("{}{path_and_query}", app.settings().public_base_url).parse().map_err(|_| Error::InvalidFileUrl)?;
    let file = open_file::open_file(&*app, &url)?;
    Ok(app.r2.serve(&file, &method, &headers).await?)
}

pub async fn no_such_route() -> Refusal {
    Refusal::no_such_route()
}

pub async fn no_such_method() -> Refusal {
    Refusal::no_such_method()
}

/// A text that is no job id names no job; but who asks is settled first.
async fn job_id(app: &App, key: &KeyHash, text: &str) -> Result<JobId, Error> {
    let Ok(id) = text.parse() else {
        authenticate::authenticate(&**app, key).await?;
        return Err(Error::JobNotFound);
    };
    Ok(id)
}
