//! Checks whether a key may create a portrait job before the request's files are read, so that a
//! refused client uploads nothing.

use shared::price::{self, ASSUMED_DURATION_MS, ASSUMED_RESOLUTION, Tariff};

use crate::app::authenticate::identify;
use crate::app::ports::{AccountStore as _, Ports};
use crate::domain::api_key::{Caller, KeyHash};
use crate::domain::error::Error;
use crate::domain::scope::Scope;

/// Returns the caller, if a portrait job can be created now. The database checks again when the job
/// is created. One D1 round trip.
/// Errors: `InvalidApiKey`, `RevokedApiKey`, `MissingScope`, `JobActive`, `QuotaExceeded`,
/// `InsufficientCredits`.
pub async fn admit_portrait(ports: &impl Ports, key: &KeyHash) -> Result<Caller, Error> {
    let now = ports.now();
    let (key, spending_limit, active) = ports.store().get_spending_limit_and_activity(key, &now.to_month()).await?;
    let caller = identify(ports, key, Scope::Jobs)?;
    if active {
        return Err(Error::JobActive);
    }
    let spending_limit = spending_limit.ok_or_else(|| Error::Internal("a key without an account".into()))?;
    // The price of the cheapest model for portraits.
    let required_credits = price::price_credits(Tariff::Conversion, ASSUMED_DURATION_MS, ASSUMED_RESOLUTION, 1);
    spending_limit.refusal(required_credits, now).map_or(Ok(caller), Err)
}
