//! The RemoveBGVideo API's routes for what was used.

use axum::Json;
use shared::id::LedgerEntryId;

use super::jobs::{days_ago, out_of_bounds};
use super::map;
use super::wire::{EventsQuery, ItemsOut, SummaryOut, SummaryQuery, UsageEventOut};
use crate::app::ports::Page;
use crate::app::{list_jobs, read_books};
use crate::dialect::App;
use crate::dialect::bgless::error::Refusal;
use crate::dialect::bgless::extract::QueryOf;
use crate::dialect::bgless::openapi::refusals;
use crate::dialect::bgless::{Credential, after_key};

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
) -> Result<Json<SummaryOut>, Refusal> {
    let read = query.and_then(|QueryOf(query)| Ok(bounded("days", query.days.unwrap_or(DAYS), DAYS_MAX)?));
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
) -> Result<Json<ItemsOut<UsageEventOut>>, Refusal> {
    let read = query.and_then(|QueryOf(query)| Ok(bounded("limit", query.limit.unwrap_or(EVENTS), EVENTS_MAX)?));
    let limit = after_key(&app, &key, read).await?;
    let page = Page { cursor: format!("{}_~", LedgerEntryId::PREFIX), limit, offset: 0 };
    let entries = read_books::list_ledger(&*app, &key, &page).await?;
    Ok(Json(ItemsOut { items: entries.iter().map(map::usage_event_out).collect() }))
}

fn bounded(field: &'static str, value: u32, max: u32) -> Result<u32, crate::domain::error::Error> {
    if (1..=max).contains(&value) { Ok(value) } else { Err(out_of_bounds(field, 1, max)) }
}
