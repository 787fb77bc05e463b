//! Credits of an account: spending limit, ledger, usage by month. One D1 round trip each, the key
//! included.

use shared::time::UnixMillis;

use crate::app::authenticate::identify;
use crate::app::ports::{AccountStore as _, KeyMonth, LedgerEntry, Page, Ports};
use crate::domain::api_key::KeyHash;
use crate::domain::error::Error;
use crate::domain::scope::Scope;
use crate::domain::spending_limit::SpendingLimit;

/// The period of which usage is shown.
/// Units: milliseconds. A year and some days, so that the same month a year ago is in it.
const USAGE_MS: u64 = 370 * 24 * 60 * 60 * 1_000;

/// The key's spending limit, and the instant at which its monthly quota resets.
pub async fn get_credits(ports: &impl Ports, key: &KeyHash) -> Result<(SpendingLimit, UnixMillis), Error> {
    let now = ports.now();
    let (key, spending_limit) = ports.store().get_spending_limit(key, &now.to_month()).await?;
    identify(ports, key, Scope::Jobs)?;
    let spending_limit = spending_limit.ok_or_else(|| Error::Internal("a key without an account".into()))?;
    Ok((spending_limit, now.next_month()))
}

/// The account's ledger, newest first.
pub async fn list_ledger(ports: &impl Ports, key: &KeyHash, page: &Page) -> Result<Vec<LedgerEntry>, Error> {
    let (key, entries) = ports.store().list_ledger_entries(key, page).await?;
    identify(ports, key, Scope::Jobs)?;
    Ok(entries)
}

/// The credits that each key of the account has spent in each month of the last year, newest first.
pub async fn list_usage(ports: &impl Ports, key: &KeyHash) -> Result<Vec<KeyMonth>, Error> {
    let now = ports.now();
    let first_month = now.minus_ms(USAGE_MS).to_month();
    let (key, mut months) = ports.store().list_key_months(key, &first_month).await?;
    identify(ports, key, Scope::Jobs)?;
    months.sort_by(|left, right| right.month.cmp(&left.month).then(left.api_key_id.cmp(&right.api_key_id)));
    Ok(months)
}
