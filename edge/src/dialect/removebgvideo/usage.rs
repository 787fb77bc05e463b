//! The RemoveBGVideo API's routes for usage.

use axum::Json;
use shared::id::LedgerEntryId;

use super::jobs::days_ago;
use super::map;
use super::wire::{EventsQuery, ItemsOut, SummaryOut, SummaryQuery, UsageEventOut};
use crate::app::ports::Page;
use crate::app::{list_jobs, read_credits};
use crate::domain::error::bounded;
use crate::domain::scope::Scope;
use crate::server::credential::{Credential, after_key};
use crate::server::extract::QueryOf;
use crate::server::http_error::{HttpError, HttpResult};
use crate::server::{App, error_responses};

const DAYS: u32 = 7;
const DAYS_MAX: u32 = 90;
const EVENTS: u32 = 20;
const EVENTS_MAX: u32 = 100;

/// Sum up usage
#[utoipa::path(
    get,
    path = "/usage/summary",
    operation_id = "getUsageSummary",
    tag = "RemoveBGVideo",
    security(("apiKey" = ["jobs"])),
    responses((status = 200, description = "Jobs and credits of the last days."), error_responses::KeyedWithQuery)
)]
#[worker::send]
pub async fn get_summary(
    App(app): App,
    Credential(key): Credential,
    query: Result<QueryOf<SummaryQuery>, HttpError>,
) -> HttpResult<Json<SummaryOut>> {
    let read = query.and_then(|QueryOf(query)| Ok(bounded("days", query.days.unwrap_or(DAYS), 1..=DAYS_MAX)?));
    let days = after_key(&app, &key, Scope::Jobs, read).await?;
    let sums = list_jobs::sum_jobs(&*app, &key, days_ago(&app, days)).await?;
    Ok(Json(map::summary_out(days, sums)))
}

/// List usage events
#[utoipa::path(
    get,
    path = "/usage/events",
    operation_id = "listUsageEvents",
    tag = "RemoveBGVideo",
    security(("apiKey" = ["jobs"])),
    responses((status = 200, description = "Movements of credits, newest first."), error_responses::KeyedWithQuery)
)]
#[worker::send]
pub async fn get_events(
    App(app): App,
    Credential(key): Credential,
    query: Result<QueryOf<EventsQuery>, HttpError>,
) -> HttpResult<Json<ItemsOut<UsageEventOut>>> {
    let read = query.and_then(|QueryOf(query)| Ok(bounded("limit", query.limit.unwrap_or(EVENTS), 1..=EVENTS_MAX)?));
    let limit = after_key(&app, &key, Scope::Jobs, read).await?;
    let page = Page { cursor: format!("{}_~", LedgerEntryId::PREFIX), limit, offset: 0 };
    let entries = read_credits::list_ledger(&*app, &key, &page).await?;
    Ok(Json(ItemsOut { items: entries.iter().map(map::usage_event_out).collect() }))
}
