//! The bgless API's routes for keys and the account's webhook secret.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use shared::id::ApiKeyId;

use super::extract::{JsonBody, PathText};
use super::map::account;
use super::wire::{CreateKeyIn, Data, KeyOut, RotateKeyIn, RotateWebhookSecretIn, WebhookSecretOut};
use super::{Answer, Credential};
use crate::app::manage_keys::{self, NewKey};
use crate::app::manage_webhook_secret;
use crate::dialect::App;
use crate::domain::api_key::ROTATION_OVERLAP_S;
use crate::domain::error::Error;
use crate::domain::webhook::SECRET_OVERLAP_S;

#[worker::send]
pub async fn get_keys(State(app): State<App>, Credential(key): Credential) -> Answer<Json<Data<Vec<KeyOut>>>> {
    let keys = manage_keys::list_keys(&*app, &key).await?;
    Ok(Json(Data { data: keys.iter().map(|about| account::key_out(about, None)).collect() }))
}

#[worker::send]
pub async fn post_key(
    State(app): State<App>,
    Credential(key): Credential,
    JsonBody(body): JsonBody<CreateKeyIn>,
) -> Answer<(StatusCode, Json<Data<KeyOut>>)> {
    Ok(created(manage_keys::create_key(&*app, &key, account::key_request(body)).await?))
}

#[worker::send]
pub async fn post_rotation(
    State(app): State<App>,
    Credential(key): Credential,
    PathText(id): PathText,
    JsonBody(body): JsonBody<RotateKeyIn>,
) -> Answer<(StatusCode, Json<Data<KeyOut>>)> {
    let overlap_s = body.overlap_sec.unwrap_or(ROTATION_OVERLAP_S);
    Ok(created(manage_keys::rotate_key(&*app, &key, key_id(&id), overlap_s).await?))
}

#[worker::send]
pub async fn delete_key(State(app): State<App>, Credential(key): Credential, PathText(id): PathText) -> Answer<StatusCode> {
    manage_keys::revoke_key(&*app, &key, key_id(&id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[worker::send]
pub async fn get_webhook_secret(State(app): State<App>, Credential(key): Credential) -> Answer<Json<Data<WebhookSecretOut>>> {
    let secret = manage_webhook_secret::get_webhook_secret(&*app, &key).await?;
    Ok(Json(Data { data: secret.map(account::webhook_secret_out).unwrap_or_default() }))
}

#[worker::send]
pub async fn post_webhook_secret(
    State(app): State<App>,
    Credential(key): Credential,
    JsonBody(body): JsonBody<RotateWebhookSecretIn>,
) -> Answer<(StatusCode, Json<Data<WebhookSecretOut>>)> {
    let overlap_s = body.overlap_sec.unwrap_or(SECRET_OVERLAP_S);
    let secret = manage_webhook_secret::rotate_webhook_secret(&*app, &key, overlap_s).await?;
    Ok((StatusCode::CREATED, Json(Data { data: account::webhook_secret_out(secret) })))
}

/// A text that is no key id names no key; but who asks is settled first.
fn key_id(text: &str) -> Result<ApiKeyId, Error> {
    text.parse().map_err(|_| Error::NoSuchThing("key"))
}

/// The key is shown here and never again.
pub fn created(new: NewKey) -> (StatusCode, Json<Data<KeyOut>>) {
    (StatusCode::CREATED, Json(Data { data: account::key_out(&new.about, Some(new.key)) }))
}
