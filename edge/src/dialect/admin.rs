//! What an operator calls, with `ADMIN_TOKEN`: accounts, grants, keys.

use axum::extract::{FromRequestParts, State};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use http::StatusCode;
use http::request::Parts;
use serde::{Deserialize, Serialize};

use super::App;
use super::bgless::error::Refusal;
use super::bgless::extract::{JsonBody, PathText};
use super::bgless::keys::created;
use super::bgless::map::account;
use super::bgless::wire::{CreateKeyIn, Data, KeyOut};
use super::credential::bearer_token;
use crate::app::ports::Account;
use crate::app::{authenticate, manage_accounts, manage_keys};
use crate::domain::api_key::Scope;
use crate::domain::error::Error;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/admin/v1/accounts", post(post_account))
        .route("/admin/v1/accounts/{id}", get(get_account))
        .route("/admin/v1/accounts/{id}/grants", post(post_grant))
        .route("/admin/v1/accounts/{id}/keys", post(post_key))
        .route("/admin/v1/keys/{id}", delete(delete_key))
}

/// Proof that the request came from the operator. A handler that takes it cannot be reached without.
struct Operator;

impl FromRequestParts<App> for Operator {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        authenticate::authenticate_operator(&**app, bearer_token(&parts.headers))?;
        Ok(Self)
    }
}

#[derive(Deserialize)]
struct CreateAccountIn {
    name: String,
    #[serde(default)]
    credits: u64,
}

#[derive(Deserialize)]
struct GrantIn {
    credits: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AccountOut {
    id: String,
    name: String,
    balance_credits: u64,
    ledger_credits: i64,
    created_at: String,
}

#[worker::send]
async fn post_account(
    State(app): State<App>,
    _: Operator,
    JsonBody(body): JsonBody<CreateAccountIn>,
) -> Result<(StatusCode, Json<Data<AccountOut>>), Refusal> {
    let account = manage_accounts::create_account(&*app, &body.name, body.credits).await?;
    Ok((StatusCode::CREATED, account_out(account)))
}

#[worker::send]
async fn get_account(State(app): State<App>, _: Operator, PathText(id): PathText) -> Result<Json<Data<AccountOut>>, Refusal> {
    Ok(account_out(manage_accounts::get_account(&*app, parse(&id, "account")?).await?))
}

#[worker::send]
async fn post_grant(
    State(app): State<App>,
    _: Operator,
    PathText(id): PathText,
    JsonBody(body): JsonBody<GrantIn>,
) -> Result<Json<Data<AccountOut>>, Refusal> {
    Ok(account_out(manage_accounts::grant_credits(&*app, parse(&id, "account")?, body.credits).await?))
}

#[worker::send]
async fn post_key(
    State(app): State<App>,
    _: Operator,
    PathText(id): PathText,
    JsonBody(body): JsonBody<CreateKeyIn>,
) -> Result<(StatusCode, Json<Data<KeyOut>>), Refusal> {
    // The first key of an account must be able to make the others.
    let scopes = body.scopes.or_else(|| Some(Scope::ALL.map(|scope| scope.as_str().to_owned()).into()));
    let request = account::key_request(CreateKeyIn { scopes, ..body })?;
    Ok(created(manage_keys::create_key_of(&*app, parse(&id, "account")?, &request).await?))
}

#[worker::send]
async fn delete_key(State(app): State<App>, _: Operator, PathText(id): PathText) -> Result<StatusCode, Refusal> {
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
