//! The bgless API's routes for webhook deliveries.

use axum::Json;
use axum::extract::State;
use http::StatusCode;

use super::extract::PathText;
use super::map::account;
use super::wire::{Data, DeliveryOut};
use super::{Answer, Credential, job_id};
use crate::app::{authenticate, list_deliveries};
use crate::dialect::App;
use crate::domain::api_key::Scope;
use crate::domain::webhook::EventId;

#[worker::send]
pub async fn get_deliveries(
    State(app): State<App>,
    Credential(key): Credential,
    PathText(id): PathText,
) -> Answer<Json<Data<Vec<DeliveryOut>>>> {
    let id = job_id(&app, &key, &id).await?;
    let deliveries = list_deliveries::list_deliveries(&*app, &key, id).await?;
    Ok(Json(Data { data: deliveries.iter().map(account::delivery_out).collect() }))
}

#[worker::send]
pub async fn post_redelivery(State(app): State<App>, Credential(key): Credential, PathText(id): PathText) -> Answer<StatusCode> {
    match id.parse::<EventId>() {
        Ok(id) => list_deliveries::redeliver(&*app, &key, id).await?,
        Err(error) => {
            // Who asks is settled first.
            authenticate::authenticate(&*app, &key, Scope::Jobs).await?;
            return Err(error.into());
        }
    }
    Ok(StatusCode::ACCEPTED)
}
