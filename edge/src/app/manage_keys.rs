//! A customer's management of API keys. Requests come as parse results, since errors of the key
//! come before errors of the request.

use shared::id::{AccountId, ApiKeyId};

use crate::app::authenticate::authenticate;
use crate::app::manage_accounts::{check_credits, check_text};
use crate::app::ports::{AccountStore as _, KeyWithUse, NewApiKey, Ports};
use crate::domain::api_key::{self, KeyHash, KeyRequest, ROTATION_OVERLAP_S_MAX};
use crate::domain::error::Error;
use crate::domain::scope::Scope;

/// A new key with its secret text, which is shown once.
pub struct NewKey {
    pub key: String,
    pub about: KeyWithUse,
}

/// The account's keys, newest first, revoked ones too.
/// Errors: those of `authenticate`.
pub async fn list_keys(ports: &impl Ports, key: &KeyHash) -> Result<Vec<KeyWithUse>, Error> {
    let caller = authenticate(ports, key, Scope::Manage).await?;
    ports.store().list_api_keys(caller.account_id, &ports.now().to_month()).await
}

/// A further key of the caller's account. Scope and quota of the caller's own key do not bind it:
/// the scope `manage` administers the account.
/// Errors: those of `authenticate`, `InvalidRequest`.
pub async fn create_key(ports: &impl Ports, key: &KeyHash, request: Result<KeyRequest, Error>) -> Result<NewKey, Error> {
    let caller = authenticate(ports, key, Scope::Manage).await?;
    create_key_of(ports, caller.account_id, &request?).await
}

/// A further key of any account, for operators.
/// Errors: `InvalidRequest`, `NoSuchThing`.
pub async fn create_key_of(ports: &impl Ports, account_id: AccountId, request: &KeyRequest) -> Result<NewKey, Error> {
    check_text("label", &request.label)?;
    if let Some(project_label) = &request.project_label {
        check_text("projectLabel", project_label)?;
    }
    check_credits("monthlyQuotaCredits", request.monthly_quota_credits.unwrap_or_default())?;
    if request.scopes.is_empty() {
        return Err(Error::invalid("scopes", "Must name at least one of `jobs`, `manage`."));
    }
    let now = ports.now();
    let key = api_key::format_key(&ports.random_bytes());
    let id = ApiKeyId::from_parts(now, ports.random_u128());
    let new_key = NewApiKey { id, account_id, hash: &KeyHash::of(&key), about: request };
    let about = ports.store().create_api_key(&new_key, now).await?.ok_or(Error::NoSuchThing("account"))?;
    Ok(NewKey { key, about })
}

/// A key that may do what an old one may; the old one works on for `overlap_s`.
/// Errors: those of `authenticate`, `InvalidRequest`, `NoSuchThing` for a key that is not the
/// account's or was revoked.
pub async fn rotate_key(
    ports: &impl Ports,
    key: &KeyHash,
    old_id: Result<ApiKeyId, Error>,
    overlap_s: u64,
) -> Result<NewKey, Error> {
    let caller = authenticate(ports, key, Scope::Manage).await?;
    let old_id = old_id?;
    if overlap_s > ROTATION_OVERLAP_S_MAX {
        return Err(Error::invalid("overlapSec", format!("Must be at most {ROTATION_OVERLAP_S_MAX}.")));
    }
    let now = ports.now();
    let key = api_key::format_key(&ports.random_bytes());
    let id = ApiKeyId::from_parts(now, ports.random_u128());
    let overlap_until_ms = now.plus_ms(overlap_s.saturating_mul(1_000));
    let hash = KeyHash::of(&key);
    let about = ports.store().rotate_api_key(old_id, id, caller.account_id, &hash, overlap_until_ms, now).await?;
    Ok(NewKey { key, about: about.ok_or(Error::NoSuchThing("key"))? })
}

/// Ends a key of the caller's account at once and for good; a second time changes nothing.
/// Errors: those of `authenticate`, `NoSuchThing`.
pub async fn revoke_key(ports: &impl Ports, key: &KeyHash, id: Result<ApiKeyId, Error>) -> Result<(), Error> {
    let caller = authenticate(ports, key, Scope::Manage).await?;
    let found = ports.store().revoke_api_key_of_account(id?, caller.account_id, ports.now()).await?;
    if found { Ok(()) } else { Err(Error::NoSuchThing("key")) }
}
