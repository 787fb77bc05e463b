//! The bgless API: routes and handlers. Source: the API's own documentation.

mod create_job;
mod deliveries;
pub mod error;
pub mod extract;
pub mod keys;
pub mod map;
pub mod wire;

use axum::extract::{FromRequestParts, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, Uri};
use shared::id::{JobId, LedgerEntryId};

use self::error::Refusal;
use self::extract::{JsonBody, PathText, QueryOf};
use self::map::account;
use self::wire::{
    CreateJobIn, CreateUploadIn, CreditsOut, Data, DownloadQuery, EstimateOut, Health, JobOut, KeyMonthOut, LedgerEntryOut,
    ModelOut, PageOut, PageQuery, UploadOut,
};
use super::App;
use super::credential::presented_key;
use crate::app::ports::Ports as _;
use crate::app::{
    authenticate, create_upload, delete_job, download_output, estimate_job, get_job, list_jobs, open_file, read_books,
};
use crate::domain::api_key::{KeyHash, Scope};
use crate::domain::error::Error;
use crate::domain::file_url::FILES_PATH;
use crate::domain::model::Model;

type Answer<T> = Result<T, Refusal>;

/// Everything stands under `/v1` and `/api/v1`, and jobs under both of their names.
pub fn routes() -> Router<App> {
    let api = Router::new()
        .route("/uploads", post(post_upload))
        .route("/models", get(get_models))
        .route("/credits", get(get_credits))
        .route("/credits/ledger", get(get_ledger))
        .route("/usage", get(get_usage))
        .route("/deliveries/{id}/redeliver", post(deliveries::post_redelivery))
        .route("/keys", get(keys::get_keys).post(keys::post_key))
        .route("/keys/{id}", delete(keys::delete_key))
        .route("/keys/{id}/rotate", post(keys::post_rotation))
        .route("/webhook-secret", get(keys::get_webhook_secret).post(keys::post_webhook_secret))
        .nest("/jobs", job_routes())
        .nest("/alpha-videos", job_routes());
    Router::new()
        .route("/health", get(health))
        .route(&format!("{FILES_PATH}{{*object_key}}"), get(get_file))
        .nest("/v1", api.clone())
        .nest("/api/v1", api)
}

fn job_routes() -> Router<App> {
    Router::new()
        .route("/", get(get_jobs).post(create_job::post_job))
        .route("/estimate", post(post_estimate))
        .route("/{id}", get(get_one_job).delete(delete_one_job))
        .route("/{id}/deliveries", get(deliveries::get_deliveries))
        .route("/{id}/download", get(get_download))
}

/// The key of a request, not yet looked up.
pub struct Credential(pub KeyHash);

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
    let caller = authenticate::authenticate(&*app, &key, Scope::Jobs).await?;
    let data = match map::upload_request(body)? {
        map::UploadRequest::File { file_name, content_type, size_bytes } => {
            map::ticket_out(create_upload::create_upload(&*app, caller, &file_name, &content_type, size_bytes).await?)
        }
        map::UploadRequest::Hosted { url } => {
            create_upload::check_hosted_file(&*app, caller, &url)?;
            map::hosted_out(url)
        }
    };
    Ok(Json(Data { data }))
}

#[worker::send]
async fn post_estimate(
    State(app): State<App>,
    Credential(key): Credential,
    JsonBody(body): JsonBody<CreateJobIn>,
) -> Answer<Json<Data<EstimateOut>>> {
    let estimate = estimate_job::estimate_job(&*app, &key, map::estimate_request(body)).await?;
    Ok(Json(Data { data: map::estimate_out(&estimate) }))
}

#[worker::send]
async fn get_jobs(
    State(app): State<App>,
    Credential(key): Credential,
    QueryOf(query): QueryOf<PageQuery>,
) -> Answer<Json<PageOut<JobOut>>> {
    let page = account::page(&query, JobId::PREFIX)?;
    let state = query.status.as_deref().map(map::job_state).transpose()?;
    let jobs = list_jobs::list_jobs(&*app, &key, &page, state).await?;
    Ok(Json(account::page_out(&page, &jobs, |job| job.id.to_string(), |job| map::job_out(&*app, job))))
}

async fn get_models() -> Json<Data<Vec<ModelOut>>> {
    Json(Data { data: Model::ALL.map(account::model_out).into() })
}

#[worker::send]
async fn get_credits(State(app): State<App>, Credential(key): Credential) -> Answer<Json<Data<CreditsOut>>> {
    let (purse, resets_at_ms) = read_books::get_credits(&*app, &key).await?;
    Ok(Json(Data { data: account::credits_out(purse, resets_at_ms) }))
}

#[worker::send]
async fn get_ledger(
    State(app): State<App>,
    Credential(key): Credential,
    QueryOf(query): QueryOf<PageQuery>,
) -> Answer<Json<PageOut<LedgerEntryOut>>> {
    let page = account::page(&query, LedgerEntryId::PREFIX)?;
    let entries = read_books::list_ledger(&*app, &key, &page).await?;
    Ok(Json(account::page_out(&page, &entries, |entry| entry.id.to_string(), account::ledger_entry_out)))
}

#[worker::send]
async fn get_usage(State(app): State<App>, Credential(key): Credential) -> Answer<Json<Data<Vec<KeyMonthOut>>>> {
    let months = read_books::list_usage(&*app, &key).await?;
    Ok(Json(Data { data: months.iter().map(account::key_month_out).collect() }))
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
        authenticate::authenticate(&**app, key, Scope::Jobs).await?;
        return Err(Error::JobNotFound);
    };
    Ok(id)
}
