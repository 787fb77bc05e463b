//! The bgless API: its routes. Source: the API's own documentation.

mod admin;
pub mod create_job;
mod credits;
mod deliveries;
pub mod error;
pub mod files;
pub mod jobs;
mod keys;
pub mod map;
#[cfg(test)]
mod openapi;
mod policy;
pub mod wire;

use crate::server::routes::{Routes, routes};
use axum::Json;

use self::map::account;
use self::wire::{Data, Health, ModelOut};
use super::spec::DialectSpec;
use crate::app::list_models;
use crate::server::http_error::HttpResult;
use crate::server::mount::Mount;
use crate::server::rate_limit::{DRAFT_HEADER_NAMES, RateLimitRules, draft_headers};
use crate::server::write_json;
use crate::server::{App, error_responses};

pub static DIALECT: DialectSpec = DialectSpec {
    policy: policy::POLICY,
    mounts: &[Mount {
        prefixes: &["/", "/api/v1"],
        routes,
        rate_limit: RATE_LIMIT,
        exposed_headers: &DRAFT_HEADER_NAMES,
        render_error: error::render,
    }],
    event_body: |ports, delivery, job| write_json(&map::event_out(ports, delivery, job)),
    event_headers: |_| Vec::new(),
};

pub const RATE_LIMIT: RateLimitRules =
    RateLimitRules { submission_paths: &["/jobs", "/alpha-videos"], uncounted_paths: &["/health"], headers: draft_headers };

/// Everything but `/v1`, which is shared (`dialect::shared_paths`) and has the same routes as
/// `/api/v1`.
fn routes() -> Routes {
    let jobs = job_routes();
    let api = account_routes().routes(routes!(files::post_upload)).nest("/jobs", jobs.clone()).nest("/alpha-videos", jobs);
    Routes::default().routes(routes!(get_health)).routes(routes!(files::get_file)).nest("/api/v1", api).merge(admin::routes())
}

/// The routes of jobs, relative to any of their paths.
pub fn job_routes() -> Routes {
    own_job_routes().routes(routes!(jobs::get_jobs, create_job::post_job)).routes(routes!(jobs::get_one_job))
}

/// Those of them that no other dialect has at the same path.
pub fn own_job_routes() -> Routes {
    Routes::default()
        .routes(routes!(jobs::post_estimate))
        .routes(routes!(jobs::delete_one_job))
        .routes(routes!(deliveries::get_deliveries))
        .routes(routes!(jobs::get_download))
}

/// The routes of an account other than jobs and uploads.
pub fn account_routes() -> Routes {
    Routes::default()
        .routes(routes!(get_models))
        .routes(routes!(credits::get_credits))
        .routes(routes!(credits::get_ledger))
        .routes(routes!(credits::get_usage))
        .routes(routes!(deliveries::post_redelivery))
        .routes(routes!(keys::get_keys, keys::post_key))
        .routes(routes!(keys::delete_key))
        .routes(routes!(keys::post_rotation))
        .routes(routes!(keys::get_webhook_secret, keys::post_webhook_secret))
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
    responses((status = 200, description = "Every model.", body = Data<Vec<ModelOut>>), error_responses::Public)
)]
#[worker::send]
async fn get_models(App(app): App) -> HttpResult<Json<Data<Vec<ModelOut>>>> {
    let models = list_models::list_models(&*app).await?;
    Ok(Json(Data { data: models.into_iter().map(account::model_out).collect() }))
}
