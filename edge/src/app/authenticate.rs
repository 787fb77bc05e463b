//! Who is asking.

use crate::app::ports::{AccountStore as _, Ports};
use crate::domain::api_key::{self, Caller, KeyHash, Scope};
use crate::domain::error::Error;

/// Finds whose key was presented, and whether it may do what is asked. One D1 round trip.
/// Errors: `InvalidApiKey`, `RevokedApiKey`, `MissingScope`.
pub async fn authenticate(ports: &impl Ports, key: &KeyHash, scope: Scope) -> Result<Caller, Error> {
    api_key::identify(ports.store().find_api_key(key).await?, scope, ports.now())
}

/// Lets an operator in. Digests are compared, so neither length nor content shows in the time taken.
/// Errors: `Forbidden`.
pub fn authenticate_operator(ports: &impl Ports, presented_token: Option<&str>) -> Result<(), Error> {
    let expected = KeyHash::of(&ports.settings().admin_token);
    let presented = presented_token.map(KeyHash::of);
    if presented == Some(expected) { Ok(()) } else { Err(Error::Forbidden) }
}
