//! The operator's routes, with `ADMIN_TOKEN`: accounts, grants, keys.

use crate::server::routes::{Routes, routes};
use axum::Json;
use axum::extract::FromRequestParts;
use http::StatusCode;
use http::request::Parts;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::keys::created;
use super::map::account;
use super::wire::{CreateKeyIn, Data, KeyOut, KeyPath};
#[cfg(test)]
use super::wire::{Limits, limits};
#[cfg(test)]
use crate::app::manage_accounts::{GRANT_CREDITS_MAX, NAME_CHARS_MAX};
use crate::app::ports::Account;
use crate::app::{authenticate, manage_accounts, manage_keys};
use crate::domain::error::Error;
use crate::domain::scope::Scope;
use crate::server::credential::bearer_token;
use crate::server::extract::{JsonBody, PathText, whole};
use crate::server::http_error::{HttpError, HttpResult};
use crate::server::{App, error_responses};

pub fn routes() -> Routes {
    Routes::default()
        .routes(routes!(post_account))
        .routes(routes!(get_account))
        .routes(routes!(post_grant))
        .routes(routes!(post_key))
        .routes(routes!(delete_key))
}

/// Proof that the request came from the operator. A handler that takes it cannot be reached
/// without.
struct Operator;

impl<S: Sync> FromRequestParts<S> for Operator {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        let App(app) = App::from_request_parts(parts, state).await?;
        authenticate::authenticate_operator(&*app, bearer_token(&parts.headers))?;
        Ok(Self)
    }
}

/// An account to be made.
#[derive(Deserialize, ToSchema)]
#[schema(as = CreateAccount)]
struct CreateAccountIn {
    /// For the operator; not blank.
    #[schema(example = "Studio Nord")]
    name: String,
    /// A first grant. Unit: credits.
    #[serde(default, deserialize_with = "whole")]
    #[schema(example = 1000)]
    credits: u64,
}

/// Credits to be given.
#[derive(Deserialize, ToSchema)]
#[schema(as = Grant)]
struct GrantIn {
    #[serde(deserialize_with = "whole")]
    #[schema(example = 1000)]
    credits: u64,
}

/// The owner of keys, credits and jobs.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Account)]
struct AccountOut {
    #[schema(example = "acc_01KAJ4A2G00000000000000000")]
    id: String,
    name: String,
    balance_credits: u64,
    /// The sum of the account's ledger; always the same as the balance.
    ledger_credits: i64,
    #[schema(format = DateTime)]
    created_at: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "read as text, since errors of the key come first")]
struct AccountPath {
    /// The account's id.
    #[param(example = "acc_01KAJ4A2G00000000000000000")]
    id: String,
}

/// Create an account
#[utoipa::path(
    post,
    path = "/admin/v1/accounts",
    operation_id = "createAccount",
    tag = "Operator",
    security(("operatorToken" = [])),
    request_body = CreateAccountIn,
    responses((status = 201, description = "The account.", body = Data<AccountOut>), error_responses::OperatorWithBody)
)]
#[worker::send]
async fn post_account(
    App(app): App,
    _: Operator,
    JsonBody(body): JsonBody<CreateAccountIn>,
) -> HttpResult<(StatusCode, Json<Data<AccountOut>>)> {
    let account = manage_accounts::create_account(&*app, &body.name, body.credits).await?;
    Ok((StatusCode::CREATED, account_out(account)))
}

/// Get an account
#[utoipa::path(
    get,
    path = "/admin/v1/accounts/{id}",
    operation_id = "getAccount",
    tag = "Operator",
    security(("operatorToken" = [])),
    params(AccountPath),
    responses((status = 200, description = "The account.", body = Data<AccountOut>), error_responses::OperatorOfThing)
)]
#[worker::send]
async fn get_account(App(app): App, _: Operator, PathText(id): PathText) -> HttpResult<Json<Data<AccountOut>>> {
    Ok(account_out(manage_accounts::get_account(&*app, parse(&id, "account")?).await?))
}

/// Grant credits
#[utoipa::path(
    post,
    path = "/admin/v1/accounts/{id}/grants",
    operation_id = "grantCredits",
    tag = "Operator",
    security(("operatorToken" = [])),
    params(AccountPath),
    request_body = GrantIn,
    responses(
        (status = 200, description = "The account after the grant.", body = Data<AccountOut>),
        error_responses::OperatorOfThingWithBody
    )
)]
#[worker::send]
async fn post_grant(
    App(app): App,
    _: Operator,
    PathText(id): PathText,
    JsonBody(body): JsonBody<GrantIn>,
) -> HttpResult<Json<Data<AccountOut>>> {
    Ok(account_out(manage_accounts::grant_credits(&*app, parse(&id, "account")?, body.credits).await?))
}

/// Create a key of any account
///
/// The first key of an account must be able to make the others, so the default is every scope.
#[utoipa::path(
    post,
    path = "/admin/v1/accounts/{id}/keys",
    operation_id = "createKeyOfAccount",
    tag = "Operator",
    security(("operatorToken" = [])),
    params(AccountPath),
    request_body = CreateKeyIn,
    responses(
        (status = 201, description = "The key, shown once.", body = Data<KeyOut>),
        error_responses::OperatorOfThingWithBody
    )
)]
#[worker::send]
async fn post_key(
    App(app): App,
    _: Operator,
    PathText(id): PathText,
    JsonBody(body): JsonBody<CreateKeyIn>,
) -> HttpResult<(StatusCode, Json<Data<KeyOut>>)> {
    // The first key of an account must be able to make the others.
    let scopes = body.scopes.or_else(|| Some(Scope::ALL.map(|scope| scope.as_str().to_owned()).into()));
    let request = account::key_request(CreateKeyIn { scopes, ..body })?;
    Ok(created(manage_keys::create_key_of(&*app, parse(&id, "account")?, &request).await?))
}

/// Revoke a key of any account
#[utoipa::path(
    delete,
    path = "/admin/v1/keys/{id}",
    operation_id = "revokeAnyKey",
    tag = "Operator",
    security(("operatorToken" = [])),
    params(KeyPath),
    responses((status = 204, description = "The key is revoked."), error_responses::OperatorOfThing)
)]
#[worker::send]
async fn delete_key(App(app): App, _: Operator, PathText(id): PathText) -> HttpResult<StatusCode> {
    manage_accounts::revoke_api_key(&*app, parse(&id, "key")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn parse<T: std::str::FromStr>(text: &str, what: &'static str) -> Result<T, Error> {
    text.parse().map_err(|_| Error::NoSuchThing(what))
}

fn account_out(account: Account) -> Json<Data<AccountOut>> {
    let Account { id, name, balance_credits, ledger_credits, created_at_ms } = account;
    let created_at = created_at_ms.to_iso_8601();
    Json(Data { data: AccountOut { id: id.to_string(), name, balance_credits, ledger_credits, created_at } })
}

#[cfg(test)]
pub const LIMITS: &[Limits] = &[
    ("CreateAccount", "name", |field| limits::not_blank(field, NAME_CHARS_MAX)),
    ("CreateAccount", "credits", |field| {
        limits::between(field, 0, GRANT_CREDITS_MAX);
        limits::default(field, 0);
    }),
    ("Grant", "credits", |field| limits::between(field, 0, GRANT_CREDITS_MAX)),
];
