//! The bgless API: its routes, and what their handlers share. Source: the API's own documentation.

mod create_job;
mod credits;
mod deliveries;
pub mod error;
pub mod extract;
mod files;
mod jobs;
pub mod keys;
pub mod map;
pub mod openapi;
pub mod wire;

use axum::Json;
use axum::extract::FromRequestParts;
use http::request::Parts;
use shared::id::JobId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::error::Refusal;
use self::map::account;
use self::openapi::refusals;
use self::wire::{Data, Health, ModelOut};
use super::App;
use super::credential::presented_key;
use crate::app::{authenticate, list_models};
use crate::deps::Deps;
use crate::domain::api_key::{KeyHash, Scope};
use crate::domain::error::Error;

type Answer<T> = Result<T, Refusal>;

/// Everything stands under `/v1` and `/api/v1`, and jobs under both of their names.
pub fn routes() -> OpenApiRouter {
    let jobs = OpenApiRouter::default()
        .routes(routes!(jobs::get_jobs, create_job::post_job))
        .routes(routes!(jobs::post_estimate))
        .routes(routes!(jobs::get_one_job, jobs::delete_one_job))
        .routes(routes!(deliveries::get_deliveries))
        .routes(routes!(jobs::get_download));
    let api = OpenApiRouter::default()
        .routes(routes!(files::post_upload))
        .routes(routes!(get_models))
        .routes(routes!(credits::get_credits))
        .routes(routes!(credits::get_ledger))
        .routes(routes!(credits::get_usage))
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
        .routes(routes!(files::get_file))
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
#[worker::send]
async fn get_models(App(app): App) -> Answer<Json<Data<Vec<ModelOut>>>> {
    let models = list_models::list_models(&*app).await?;
    Ok(Json(Data { data: models.into_iter().map(account::model_out).collect() }))
}

pub async fn no_such_route() -> Refusal {
    Refusal::no_such_route()
}

pub async fn no_such_method() -> Refusal {
    Refusal::no_such_method()
}

/// What was read of a request, or why it could not be; but who asks is settled first.
pub async fn after_key<T>(app: &Deps, key: &KeyHash, read: Result<T, impl Into<Refusal>>) -> Answer<T> {
    if read.is_err() {
        authenticate::authenticate(app, key, Scope::Jobs).await?;
    }
    read.map_err(Into::into)
}

/// A text that is no job id names no job.
pub async fn job_id(app: &Deps, key: &KeyHash, text: &str) -> Answer<JobId> {
    after_key(app, key, text.parse().map_err(|_| Error::JobNotFound)).await
}
