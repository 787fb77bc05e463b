//! The bgless API's routes for balance, ledger and usage.

use axum::Json;
use shared::id::LedgerEntryId;

use super::map::account;
use super::wire::{CreditsOut, Data, KeyMonthOut, LedgerEntryOut, PageOut};
use crate::app::read_credits;
use crate::domain::scope::Scope;
use crate::server::credential::{Credential, after_key};
use crate::server::extract::QueryOf;
use crate::server::http_error::{HttpError, HttpResult};
use crate::server::page::{PageQuery, PageRequest};
use crate::server::{App, error_responses};

/// Get the balance
///
/// The account's balance, and the part of it that the key may still spend this month.
#[utoipa::path(
    get,
    path = "/credits",
    operation_id = "getCredits",
    tag = "Credits",
    security(("bearer" = ["jobs"]), ("apiKey" = ["jobs"])),
    responses((status = 200, description = "Balance and quota.", body = Data<CreditsOut>), error_responses::Keyed)
)]
#[worker::send]
pub async fn get_credits(App(app): App, Credential(key): Credential) -> HttpResult<Json<Data<CreditsOut>>> {
    let (spending_limit, resets_at_ms) = read_credits::get_credits(&*app, &key).await?;
    Ok(Json(Data { data: account::credits_out(spending_limit, resets_at_ms) }))
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
        error_responses::KeyedWithQuery
    )
)]
#[worker::send]
pub async fn get_ledger(
    App(app): App,
    Credential(key): Credential,
    query: Result<QueryOf<PageQuery>, HttpError>,
) -> HttpResult<Json<PageOut<LedgerEntryOut>>> {
    let read = query.and_then(|QueryOf(query)| Ok(PageRequest::read(&query, LedgerEntryId::PREFIX)?));
    let page = after_key(&app, &key, Scope::Jobs, read).await?;
    let entries = read_credits::list_ledger(&*app, &key, &page.rows()).await?;
    Ok(Json(account::page_out(&page, &entries, |entry| entry.id.to_string(), account::ledger_entry_out)))
}

/// List the spending of keys
///
/// The credits that each key of the account has spent in each month of the last year, newest first.
#[utoipa::path(
    get,
    path = "/usage",
    operation_id = "listUsage",
    tag = "Credits",
    security(("bearer" = ["jobs"]), ("apiKey" = ["jobs"])),
    responses((status = 200, description = "By month and key.", body = Data<Vec<KeyMonthOut>>), error_responses::Keyed)
)]
#[worker::send]
pub async fn get_usage(App(app): App, Credential(key): Credential) -> HttpResult<Json<Data<Vec<KeyMonthOut>>>> {
    let months = read_credits::list_usage(&*app, &key).await?;
    Ok(Json(Data { data: months.iter().map(account::key_month_out).collect() }))
}
