//! The bgless API's routes for webhook deliveries.

use axum::Json;
use http::StatusCode;

use super::map::account;
use super::wire::{Data, DeliveryOut, DeliveryPath};
use crate::app::list_deliveries;
use crate::domain::scope::Scope;
use crate::domain::webhook::EventId;
use crate::server::credential::{Credential, after_key};
use crate::server::extract::PathText;
use crate::server::http_error::HttpResult;
use crate::server::job_path::{JobPath, job_id};
use crate::server::{App, error_responses};

/// List a job's events
///
/// The webhook events of the job, with every attempt to deliver them.
#[utoipa::path(
    get,
    path = "/{id}/deliveries",
    operation_id = "listDeliveries",
    tag = "Webhooks",
    security(("bearer" = ["jobs"]), ("apiKey" = ["jobs"])),
    params(JobPath),
    responses((status = 200, description = "Every event.", body = Data<Vec<DeliveryOut>>), error_responses::KeyedOfJob)
)]
#[worker::send]
pub async fn get_deliveries(
    App(app): App,
    Credential(key): Credential,
    PathText(id): PathText,
) -> HttpResult<Json<Data<Vec<DeliveryOut>>>> {
    let id = job_id(&app, &key, &id).await?;
    let deliveries = list_deliveries::list_deliveries(&*app, &key, id).await?;
    Ok(Json(Data { data: deliveries.iter().map(account::delivery_out).collect() }))
}

/// Redeliver an event
///
/// Starts the schedule anew, whatever the outcome before.
#[utoipa::path(
    post,
    path = "/deliveries/{id}/redeliver",
    operation_id = "redeliverEvent",
    tag = "Webhooks",
    security(("bearer" = ["jobs"]), ("apiKey" = ["jobs"])),
    params(DeliveryPath),
    responses((status = 202, description = "The event will be sent again."), error_responses::KeyedOfThing)
)]
#[worker::send]
pub async fn post_redelivery(App(app): App, Credential(key): Credential, PathText(id): PathText) -> HttpResult<StatusCode> {
    let id = after_key(&app, &key, Scope::Jobs, id.parse::<EventId>()).await?;
    list_deliveries::redeliver(&*app, &key, id).await?;
    Ok(StatusCode::ACCEPTED)
}
