//! Authentication of customers and operators.

use crate::app::ports::{AccountStore as _, Ports};
use crate::domain::api_key::{self, ApiKey, Caller, KeyHash};
use crate::domain::error::Error;
use crate::domain::scope::Scope;

/// The caller that a key belongs to, if the key has the scope. One D1 round trip.
/// Errors: those of `identify`.
pub async fn authenticate(ports: &impl Ports, key: &KeyHash, scope: Scope) -> Result<Caller, Error> {
    identify(ports, ports.store().find_api_key(key).await?, scope)
}

/// The caller of a key that was looked up, if the key is valid and has the scope. Records the key's
/// use.
/// Errors: `InvalidApiKey`, `RevokedApiKey`, `MissingScope`.
pub fn identify(ports: &impl Ports, key: Option<ApiKey>, scope: Scope) -> Result<Caller, Error> {
    let now = ports.now();
    let use_is_due = key.as_ref().is_some_and(|key| key.use_is_due(now));
    let caller = api_key::identify(key, scope, now)?;
    if use_is_due {
        ports.note_key_use(caller.api_key_id);
    }
    Ok(caller)
}

/// Checks the operator's token. Digests are compared, so the time taken reveals nothing of it.
/// Errors: `MissingApiKey`, `Forbidden`.
pub fn authenticate_operator(ports: &impl Ports, presented_token: Option<&str>) -> Result<(), Error> {
    let expected = KeyHash::of(&ports.settings().admin_token);
    let presented = KeyHash::of(presented_token.ok_or(Error::MissingApiKey)?);
    if presented == expected { Ok(()) } else { Err(Error::Forbidden) }
}
