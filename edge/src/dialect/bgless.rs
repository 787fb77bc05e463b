//! The bgless API: its routes. Source: the API's own documentation.

mod admin;
mod create_job;
mod credits;
mod deliveries;
pub mod error;
mod files;
mod jobs;
mod keys;
pub mod map;
pub mod openapi;
pub mod wire;

use axum::Json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::map::account;
use self::wire::{Data, Health, ModelOut};
use super::refusal::Answer;
use super::{App, refusals};
use crate::app::list_models;

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
        .merge(admin::routes())
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
