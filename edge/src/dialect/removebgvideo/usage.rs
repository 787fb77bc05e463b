//! The RemoveBGVideo API's routes for what was used.

use axum::Json;
use shared::id::LedgerEntryId;

use super::jobs::days_ago;
use super::map;
use super::wire::{EventsQuery, ItemsOut, SummaryOut, SummaryQuery, UsageEventOut};
use crate::app::ports::Page;
use crate::app::{list_jobs, read_credits};
use crate::dialect::credential::{Credential, after_key};
use crate::dialect::extract::QueryOf;
use crate::dialect::refusal::{Answer, Refusal};
use crate::dialect::{App, refusals};
use crate::domain::error::bounded;

const DAYS: u32 = 7;
const DAYS_MAX: u32 = 90;
const EVENTS: u32 = 20;
const EVENTS_MAX: u32 = 100;

/// Sum up usage
#[utoipa::path(
    get,
    path = "/v1/usage/summary",
    operation_id = "getUsageSummary",
    tag = "RemoveBGVideo",
    security(("apiKey" = ["jobs"])),
    responses((status = 200, description = "Jobs and credits of the last days."), refusals::KeyedWithQuery)
)]
#[worker::send]
pub async fn get_summary(
    App(app): App,
    Credential(key): Credential,
    query: Result<QueryOf<SummaryQuery>, Refusal>,
) -> Answer<Json<SummaryOut>> {
    let read = query.and_then(|QueryOf(query)| Ok(bounded("days", query.days.unwrap_or(DAYS), 1..=DAYS_MAX)?));
    let days = after_key(&app, &key, read).await?;
    let sums = list_jobs::sum_jobs(&*app, &key, days_ago(&app, days)).await?;
    Ok(Json(map::summary_out(days, sums)))
}

/// List usage events
#[utoipa::path(
    get,
    path = "/v1/usage/events",
    operation_id = "listUsageEvents",
    tag = "RemoveBGVideo",
    security(("apiKey" = ["jobs"])),
    responses((status = 200, description = "Movements of credits, newest first."), refusals::KeyedWithQuery)
)]
#[worker::send]
pub async fn get_events(
    App(app): App,
    Credential(key): Credential,
    query: Result<QueryOf<EventsQuery>, Refusal>,
) -> Answer<Json<ItemsOut<UsageEventOut>>> {
    let read = query.and_then(|QueryOf(query)| Ok(bounded("limit", query.limit.unwrap_or(EVENTS), 1..=EVENTS_MAX)?));
    let limit = after_key(&app, &key, read).await?;
    let page = Page { cursor: format!("{}_~", LedgerEntryId::PREFIX), limit, offset: 0 };
    let entries = read_credits::list_ledger(&*app, &key, &page).await?;
    Ok(Json(ItemsOut { items: entries.iter().map(map::usage_event_out).collect() }))
}
