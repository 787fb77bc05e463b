//! The account's webhook secret, which signs the webhooks of jobs without a secret of their own.

use shared::id::AccountId;
use shared::time::UnixMillis;

use crate::app::authenticate::authenticate;
use crate::app::ports::{AccountStore as _, Ports, WebhookSecret};
use crate::domain::api_key::KeyHash;
use crate::domain::error::Error;
use crate::domain::scope::Scope;
use crate::domain::secret_box;
use crate::domain::webhook::{self, SECRET_OVERLAP_S_MAX};

/// The secret as its owner may see it.
pub struct ShownSecret {
    pub secret: String,
    pub created_at_ms: UnixMillis,
    /// Until when the previous secret signs beside it.
    pub old_until_ms: Option<UnixMillis>,
}

/// The secret, if the account ever made one.
/// Errors: those of `authenticate`.
pub async fn get_webhook_secret(ports: &impl Ports, key: &KeyHash) -> Result<Option<ShownSecret>, Error> {
    let caller = authenticate(ports, key, Scope::Manage).await?;
    let secret = ports.store().find_webhook_secret(caller.account_id, ports.now()).await?;
    secret.map(|secret| show(ports, &secret)).transpose()
}

/// Creates a new secret. The previous one signs beside it for `overlap_s`, so that receivers can be
/// reconfigured.
/// Errors: those of `authenticate`, `InvalidRequest`.
pub async fn rotate_webhook_secret(ports: &impl Ports, key: &KeyHash, overlap_s: u64) -> Result<ShownSecret, Error> {
    let caller = authenticate(ports, key, Scope::Manage).await?;
    if overlap_s > SECRET_OVERLAP_S_MAX {
        return Err(Error::invalid("overlapSec", format!("Must be at most {SECRET_OVERLAP_S_MAX}.")));
    }
    let now = ports.now();
    let secret = webhook::format_secret(&ports.random_bytes());
    let sealed = secret_box::seal(&ports.settings().secret_box_key, &ports.random_bytes(), &secret)?;
    let old_until_ms = now.plus_ms(overlap_s.saturating_mul(1_000));
    let kept = ports.store().rotate_webhook_secret(caller.account_id, &sealed, old_until_ms, now).await?;
    show(ports, &kept.ok_or_else(|| Error::Internal("a key without an account".into()))?)
}

/// Creates the secret if there is none, for receivers that accept signed webhooks only.
pub async fn ensure_webhook_secret(ports: &impl Ports, account_id: AccountId) -> Result<(), Error> {
    let now = ports.now();
    if ports.store().find_webhook_secret(account_id, now).await?.is_some() {
        return Ok(());
    }
    let secret = webhook::format_secret(&ports.random_bytes());
    let sealed = secret_box::seal(&ports.settings().secret_box_key, &ports.random_bytes(), &secret)?;
    ports.store().create_webhook_secret(account_id, &sealed, now).await
}

fn show(ports: &impl Ports, secret: &WebhookSecret) -> Result<ShownSecret, Error> {
    Ok(ShownSecret {
        secret: secret_box::open(&ports.settings().secret_box_key, &secret.secret_box)?,
        created_at_ms: secret.created_at_ms,
        old_until_ms: secret.old.as_ref().map(|(_, until_ms)| *until_ms),
    })
}
