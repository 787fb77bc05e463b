//! The bgless API: routes and handlers. Source: the API's own documentation.

mod create_job;
mod deliveries;
pub mod error;
pub mod extract;
pub mod keys;
pub mod map;
pub mod openapi;
pub mod wire;

use axum::Json;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse as _, Response};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, Uri};
use shared::id::{JobId, LedgerEntryId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::error::Refusal;
use self::extract::{JsonBody, PathText, QueryOf};
use self::map::account;
use self::openapi::refusals;
use self::wire::{
    CreateJobIn, CreateUploadIn, CreditsOut, Data, DownloadQuery, EstimateOut, FilePath, FileQuery, Health, JobOut, JobPath,
    JobsQuery, KeyMonthOut, LedgerEntryOut, ModelOut, PageOut, PageQuery, UploadOut,
};
use super::App;
use super::credential::presented_key;
use crate::app::ports::Ports as _;
use crate::app::{
    authenticate, create_upload, delete_job, download_output, estimate_job, get_job, list_jobs, open_file, read_books,
};
use crate::deps::Deps;
use crate::domain::api_key::{KeyHash, Scope};
use crate::domain::error::Error;
use crate::domain::model::Model;

type Answer<T> = Result<T, Refusal>;

/// Everything stands under `/v1` and `/api/v1`, and jobs under both of their names.
pub fn routes() -> OpenApiRouter {
    let jobs = OpenApiRouter::default()
        .routes(routes!(get_jobs, create_job::post_job))
        .routes(routes!(post_estimate))
        .routes(routes!(get_one_job, delete_one_job))
        .routes(routes!(deliveries::get_deliveries))
        .routes(routes!(get_download));
    let api = OpenApiRouter::default()
        .routes(routes!(post_upload))
        .routes(routes!(get_models))
        .routes(routes!(get_credits))
        .routes(routes!(get_ledger))
        .routes(routes!(get_usage))
        .routes(routes!(deliveries::post_redelivery))
        .routes(routes!(keys::get_keys, keys::post_key))
        .routes(routes!(keys::delete_key))
        .routes(routes!(keys::post_rotation))
        .routes(routes!(keys::get_webhook_secret, keys::post_webhook_secret))
        .nest("/jobs", jobs.clone())
        .nest("/alpha-videos", jobs);
    OpenApiRouter::default()
        .routes(routes!(get_health))
        .routes(routes!(openapi::get_openapi))
        .routes(routes!(get_file))
        .nest("/v1", api.clone())
        .nest("/api/v1", api)
}

/// The key of a request, not yet looked up.
pub struct Credential(pub KeyHash);

impl<S: Sync> FromRequestParts<S> for Credential {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        presented_key(&parts.headers).map(|key| Self(KeyHash::of(key))).ok_or_else(|| Error::MissingApiKey.into())
    }
}

/// Check the service
///
/// Answers as soon as the service runs. Says nothing of transcoders.
#[utoipa::path(
    get,
    path = "/health",
    operation_id = "getHealth",
    tag = "Service",
    security(()),
    responses((status = 200, description = "The service runs.", body = Health))
)]
async fn get_health() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Announce a file
///
/// Answers where to PUT a file, and the `fileUrl` under which jobs find it. Nothing is stored yet. For a file that lies
/// elsewhere, send its `url`: it is checked, and comes back as `fileUrl`.
#[utoipa::path(
    post,
    path = "/uploads",
    operation_id = "createUpload",
    tag = "Uploads",
    security(("bearer" = ["jobs"]), ("apiKey" = ["jobs"])),
    request_body = CreateUploadIn,
    responses((status = 200, description = "Where to put the file.", body = Data<UploadOut>), refusals::CreateUpload)
)]
#[worker::send]
async fn post_upload(
    App(app): App,
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
async fn post_estimate(
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
async fn get_jobs(
    App(app): App,
    Credential(key): Credential,
    QueryOf(query): QueryOf<PageQuery>,
    QueryOf(filter): QueryOf<JobsQuery>,
) -> Answer<Json<PageOut<JobOut>>> {
    let page = account::page(&query, JobId::PREFIX)?;
    let state = filter.status.as_deref().map(map::job_state).transpose()?;
    let jobs = list_jobs::list_jobs(&*app, &key, &page, state).await?;
    Ok(Json(account::page_out(&page, &jobs, |job| job.id.to_string(), |job| map::job_out(&*app, job))))
}

/// List models
///
/// Every model that a job may name, with its price, and whether this installation can run it.
#[utoipa::path(
    get,
    path = "/models",
    operation_id = "listModels",
    tag = "Models",
    security(()),
    responses((status = 200, description = "Every model.", body = Data<Vec<ModelOut>>), refusals::Public)
)]
async fn get_models() -> Json<Data<Vec<ModelOut>>> {
    Json(Data { data: Model::ALL.map(account::model_out).into() })
}

/// Get the balance
///
/// What the account has, and what the key may still spend of it this month.
#[utoipa::path(
    get,
    path = "/credits",
    operation_id = "getCredits",
    tag = "Credits",
    security(("bearer" = ["jobs"]), ("apiKey" = ["jobs"])),
    responses((status = 200, description = "Balance and quota.", body = Data<CreditsOut>), refusals::Keyed)
)]
#[worker::send]
async fn get_credits(App(app): App, Credential(key): Credential) -> Answer<Json<Data<CreditsOut>>> {
    let (purse, resets_at_ms) = read_books::get_credits(&*app, &key).await?;
    Ok(Json(Data { data: account::credits_out(purse, resets_at_ms) }))
}

/// List movements of credits
///
/// The account's ledger, newest first. The balance is the sum of all entries.
#[utoipa::path(
    get,
    path = "/credits/ledger",
    operation_id = "listLedgerEntries",
    tag = "Credits",
    security(("bearer" = ["jobs"]), ("apiKey" = ["jobs"])),
    params(PageQuery),
    responses(
        (status = 200, description = "A part of the list.", body = PageOut<LedgerEntryOut>),
        refusals::KeyedWithQuery
    )
)]
#[worker::send]
async fn get_ledger(
    App(app): App,
    Credential(key): Credential,
    QueryOf(query): QueryOf<PageQuery>,
) -> Answer<Json<PageOut<LedgerEntryOut>>> {
    let page = account::page(&query, LedgerEntryId::PREFIX)?;
    let entries = read_books::list_ledger(&*app, &key, &page).await?;
    Ok(Json(account::page_out(&page, &entries, |entry| entry.id.to_string(), account::ledger_entry_out)))
}

/// List what keys have spent
///
/// What each key of the account has spent in each month of the last year, newest first.
#[utoipa::path(
    get,
    path = "/usage",
    operation_id = "listUsage",
    tag = "Credits",
    security(("bearer" = ["jobs"]), ("apiKey" = ["jobs"])),
    responses((status = 200, description = "By month and key.", body = Data<Vec<KeyMonthOut>>), refusals::Keyed)
)]
#[worker::send]
async fn get_usage(App(app): App, Credential(key): Credential) -> Answer<Json<Data<Vec<KeyMonthOut>>>> {
    let months = read_books::list_usage(&*app, &key).await?;
    Ok(Json(Data { data: months.iter().map(account::key_month_out).collect() }))
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
async fn get_one_job(App(app): App, Credential(key): Credential, PathText(id): PathText) -> Answer<Json<Data<JobOut>>> {
    let job = get_job::get_job(&*app, &key, job_id(&app, &key, &id).await?).await?;
    Ok(Json(Data { data: map::job_out(&*app, &job) }))
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
async fn delete_one_job(App(app): App, Credential(key): Credential, PathText(id): PathText) -> Answer<StatusCode> {
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
async fn get_download(
    App(app): App,
    Credential(key): Credential,
    PathText(id): PathText,
    QueryOf(query): QueryOf<DownloadQuery>,
) -> Answer<Response> {
    let output = query.format.map(|name| map::output("format", &name)).transpose()?;
    let url = download_output::download_output(&*app, &key, job_id(&app, &key, &id).await?, output).await?;
    // 302: the address holds for a day, the resource's own address forever.
    Ok((StatusCode::FOUND, [(http::header::LOCATION, url)]).into_response())
}

/// Read a file
///
/// Serves what a `fileUrl` or an asset's `url` names; both come ready-made. Answers GET and HEAD, single ranges and `If-Range`.
#[utoipa::path(
    get,
    path = "/files/{*object_key}",
    operation_id = "readFile",
    tag = "Files",
    security(("fileSignature" = [])),
    params(FilePath, FileQuery),
    responses(
        (status = 200, description = "The file.", content(("*/*"))),
        (status = 206, description = "The range asked for.", content(("*/*"))),
        refusals::ReadFile
    )
)]
#[worker::send]
async fn get_file(App(app): App, method: Method, uri: Uri, headers: HeaderMap) -> Answer<Response> {
    // Clients made from the description write a key's slashes as `%2F`; no key holds anything else to be escaped.
    let (path, query) = (uri.path().replace("%2F", "/"), uri.query().unwrap_or_default());
    let url = format!("{}{path}?{query}", app.settings().public_base_url).parse().map_err(|_| Error::InvalidFileUrl)?;
    let file = open_file::open_file(&*app, &url)?;
    Ok(app.objects().serve(&file, &method, &headers).await?)
}

pub async fn no_such_route() -> Refusal {
    Refusal::no_such_route()
}

pub async fn no_such_method() -> Refusal {
    Refusal::no_such_method()
}

/// A text that is no job id names no job; but who asks is settled first.
async fn job_id(app: &Deps, key: &KeyHash, text: &str) -> Result<JobId, Error> {
    let Ok(id) = text.parse() else {
        authenticate::authenticate(app, key, Scope::Jobs).await?;
        return Err(Error::JobNotFound);
    };
    Ok(id)
}
