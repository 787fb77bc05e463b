//! The operator's management of accounts, credit grants and keys.

use shared::id::{AccountId, ApiKeyId};

use crate::app::ports::{Account, AccountStore as _, NewAccount, Ports};
use crate::domain::error::Error;

/// Most credits that one grant may move; far below 2^53, so that sums stay exact everywhere.
pub const GRANT_CREDITS_MAX: u64 = 1_000_000_000;
pub const NAME_CHARS_MAX: usize = 200;

/// A new account with a first grant.
/// Errors: `InvalidRequest`.
pub async fn create_account(ports: &impl Ports, name: &str, credits: u64) -> Result<Account, Error> {
    check_text("name", name)?;
    check_credits("credits", credits)?;
    let now = ports.now();
    let id = AccountId::from_parts(now, ports.random_u128());
    let account = NewAccount { id, name, credits, entry_id: ports.new_ledger_entry_id() };
    ports.store().create_account(&account, now).await?;
    get_account(ports, id).await
}

/// An account, with its balance and the sum of its ledger.
/// Errors: `NoSuchThing`.
pub async fn get_account(ports: &impl Ports, id: AccountId) -> Result<Account, Error> {
    ports.store().find_account(id).await?.ok_or(Error::NoSuchThing("account"))
}

/// Gives credits to an account.
/// Errors: `InvalidRequest`, `NoSuchThing`.
pub async fn grant_credits(ports: &impl Ports, id: AccountId, credits: u64) -> Result<Account, Error> {
    check_credits("credits", credits)?;
    let account = ports.store().grant_credits(id, credits, ports.new_ledger_entry_id(), ports.now()).await?;
    account.ok_or(Error::NoSuchThing("account"))
}

/// Ends a key at once and for good.
/// Errors: `NoSuchThing`.
pub async fn revoke_api_key(ports: &impl Ports, id: ApiKeyId) -> Result<(), Error> {
    if ports.store().revoke_api_key(id, ports.now()).await? { Ok(()) } else { Err(Error::NoSuchThing("key")) }
}

pub(super) fn check_text(field: &'static str, text: &str) -> Result<(), Error> {
    if text.trim().is_empty() || text.chars().count() > NAME_CHARS_MAX {
        return Err(Error::invalid(field, format!("Must have 1 to {NAME_CHARS_MAX} characters.")));
    }
    Ok(())
}

pub(super) fn check_credits(field: &'static str, credits: u64) -> Result<(), Error> {
    if credits > GRANT_CREDITS_MAX {
        return Err(Error::invalid(field, format!("Must be at most {GRANT_CREDITS_MAX}.")));
    }
    Ok(())
}
