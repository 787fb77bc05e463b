//! The bgless API's routes for keys and the account's webhook secret.

use axum::Json;
use http::StatusCode;
use shared::id::ApiKeyId;

use super::map::account;
use super::wire::{CreateKeyIn, Data, KeyOut, KeyPath, RotateKeyIn, RotateWebhookSecretIn, WebhookSecretOut};
use crate::app::manage_keys::{self, NewKey};
use crate::app::manage_webhook_secret;
use crate::domain::api_key::ROTATION_OVERLAP_S;
use crate::domain::error::Error;
use crate::domain::scope::Scope;
use crate::domain::webhook::SECRET_OVERLAP_S;
use crate::server::credential::{Credential, after_key};
use crate::server::extract::{JsonBody, PathText};
use crate::server::http_error::{HttpError, HttpResult};
use crate::server::{App, error_responses};

/// List keys
///
/// The account's keys, newest first, revoked ones too.
#[utoipa::path(
    get,
    path = "/keys",
    operation_id = "listKeys",
    tag = "Keys",
    security(("bearer" = ["manage"]), ("apiKey" = ["manage"])),
    responses((status = 200, description = "Every key.", body = Data<Vec<KeyOut>>), error_responses::Keyed)
)]
#[worker::send]
pub async fn get_keys(App(app): App, Credential(key): Credential) -> HttpResult<Json<Data<Vec<KeyOut>>>> {
    let keys = manage_keys::list_keys(&*app, &key).await?;
    Ok(Json(Data { data: keys.iter().map(|about| account::key_out(about, None)).collect() }))
}

/// Create a key
///
/// The caller's scopes and quota do not bind the new key: a key with `manage` may create one with
/// `jobs`, and one with a larger quota.
#[utoipa::path(
    post,
    path = "/keys",
    operation_id = "createKey",
    tag = "Keys",
    security(("bearer" = ["manage"]), ("apiKey" = ["manage"])),
    request_body = CreateKeyIn,
    responses(
        (status = 201, description = "The key, shown once.", body = Data<KeyOut>),
        error_responses::KeyedWithBody
    )
)]
#[worker::send]
pub async fn post_key(
    App(app): App,
    Credential(key): Credential,
    body: Result<JsonBody<CreateKeyIn>, HttpError>,
) -> HttpResult<(StatusCode, Json<Data<KeyOut>>)> {
    let JsonBody(body) = after_key(&app, &key, Scope::Manage, body).await?;
    Ok(created(manage_keys::create_key(&*app, &key, account::key_request(body)).await?))
}

/// Rotate a key
///
/// Makes a key with the scopes and the quota of the old one, which still works for `overlapSec`.
#[utoipa::path(
    post,
    path = "/keys/{id}/rotate",
    operation_id = "rotateKey",
    tag = "Keys",
    security(("bearer" = ["manage"]), ("apiKey" = ["manage"])),
    params(KeyPath),
    request_body = RotateKeyIn,
    responses(
        (status = 201, description = "The new key, shown once.", body = Data<KeyOut>),
        error_responses::KeyedOfThingWithBody
    )
)]
#[worker::send]
pub async fn post_rotation(
    App(app): App,
    Credential(key): Credential,
    PathText(id): PathText,
    body: Result<JsonBody<RotateKeyIn>, HttpError>,
) -> HttpResult<(StatusCode, Json<Data<KeyOut>>)> {
    let JsonBody(body) = after_key(&app, &key, Scope::Manage, body).await?;
    let overlap_s = body.overlap_sec.unwrap_or(ROTATION_OVERLAP_S);
    Ok(created(manage_keys::rotate_key(&*app, &key, key_id(&id), overlap_s).await?))
}

/// Revoke a key
///
/// Takes effect at once and cannot be undone. Revoking twice changes nothing.
#[utoipa::path(
    delete,
    path = "/keys/{id}",
    operation_id = "revokeKey",
    tag = "Keys",
    security(("bearer" = ["manage"]), ("apiKey" = ["manage"])),
    params(KeyPath),
    responses((status = 204, description = "The key is revoked."), error_responses::KeyedOfThing)
)]
#[worker::send]
pub async fn delete_key(App(app): App, Credential(key): Credential, PathText(id): PathText) -> HttpResult<StatusCode> {
    manage_keys::revoke_key(&*app, &key, key_id(&id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Get the account's webhook secret
///
/// It signs what jobs without a `callbackSecret` tell. Every field is null until the account made
/// one.
#[utoipa::path(
    get,
    path = "/webhook-secret",
    operation_id = "getWebhookSecret",
    tag = "Webhooks",
    security(("bearer" = ["manage"]), ("apiKey" = ["manage"])),
    responses((status = 200, description = "The secret.", body = Data<WebhookSecretOut>), error_responses::Keyed)
)]
#[worker::send]
pub async fn get_webhook_secret(App(app): App, Credential(key): Credential) -> HttpResult<Json<Data<WebhookSecretOut>>> {
    let secret = manage_webhook_secret::get_webhook_secret(&*app, &key).await?;
    Ok(Json(Data { data: secret.map(account::webhook_secret_out).unwrap_or_default() }))
}

/// Rotate the account's webhook secret
///
/// Makes a new secret, the first or the next; the one before signs on beside it for `overlapSec`.
#[utoipa::path(
    post,
    path = "/webhook-secret",
    operation_id = "rotateWebhookSecret",
    tag = "Webhooks",
    security(("bearer" = ["manage"]), ("apiKey" = ["manage"])),
    request_body = RotateWebhookSecretIn,
    responses(
        (status = 201, description = "The new secret.", body = Data<WebhookSecretOut>),
        error_responses::KeyedWithBody
    )
)]
#[worker::send]
pub async fn post_webhook_secret(
    App(app): App,
    Credential(key): Credential,
    body: Result<JsonBody<RotateWebhookSecretIn>, HttpError>,
) -> HttpResult<(StatusCode, Json<Data<WebhookSecretOut>>)> {
    let JsonBody(body) = after_key(&app, &key, Scope::Manage, body).await?;
    let overlap_s = body.overlap_sec.unwrap_or(SECRET_OVERLAP_S);
    let secret = manage_webhook_secret::rotate_webhook_secret(&*app, &key, overlap_s).await?;
    Ok((StatusCode::CREATED, Json(Data { data: account::webhook_secret_out(secret) })))
}

/// A malformed id is that of no key. The use case checks the caller's key before it returns this
/// error.
fn key_id(text: &str) -> Result<ApiKeyId, Error> {
    text.parse().map_err(|_| Error::NoSuchThing("key"))
}

/// The key is shown here and never again.
pub fn created(new: NewKey) -> (StatusCode, Json<Data<KeyOut>>) {
    (StatusCode::CREATED, Json(Data { data: account::key_out(&new.about, Some(new.key)) }))
}
