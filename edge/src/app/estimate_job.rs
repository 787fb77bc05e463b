//! Says what a job would cost and how long it would take. Creates nothing, spends nothing.

use shared::price::{self, ASSUMED_DURATION_MS, Resolution};
use shared::time::UnixMillis;

use crate::app::ports::{AccountStore as _, Ports};
use crate::domain::api_key::{self, KeyHash, Scope};
use crate::domain::error::Error;
use crate::domain::model::Model;
use crate::domain::purse::Purse;

/// What an estimate is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EstimateRequest {
    pub model: Model,
    pub duration_ms: Option<u64>,
    pub resolution: Option<Resolution>,
    pub output_count: usize,
}

/// What a job would cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Estimate {
    pub model: Model,
    pub credits: u64,
    pub work_ms: u64,
    pub purse: Purse,
    pub quota_resets_at_ms: UnixMillis,
    pub can_afford: bool,
}

/// Prices a job for a key. One D1 round trip.
/// Errors: `InvalidApiKey`, `RevokedApiKey`, `MissingScope`.
pub async fn estimate_job(ports: &impl Ports, key: &KeyHash, request: Result<EstimateRequest, Error>) -> Result<Estimate, Error> {
    let now = ports.now();
    let (key, purse) = ports.store().get_purse(key, &now.to_month()).await?;
    api_key::identify(key, Scope::Jobs, now)?;
    let purse = purse.ok_or_else(|| Error::Internal("a key without an account".into()))?;
    let request = request?;
    let tariff = request.model.card().tariff;
    let duration_ms = request.duration_ms.unwrap_or(ASSUMED_DURATION_MS);
    let resolution = request.resolution.unwrap_or(Resolution::FullHd);
    let credits = price::price_credits(tariff, duration_ms, resolution, request.output_count);
    Ok(Estimate {
        model: request.model,
        credits,
        work_ms: tariff.assumed_work_ms(resolution, duration_ms),
        can_afford: purse.refusal(credits, now).is_none(),
        purse,
        quota_resets_at_ms: now.next_month(),
    })
}
