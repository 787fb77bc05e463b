//! API keys: `sk_` and 256 random bits in hex. Only a hash is stored, and looked up by index.

use shared::id::{AccountId, ApiKeyId};
use shared::signature;
use shared::time::UnixMillis;

use super::dialect::KeyDialect;
use super::error::Error;
use super::scope::Scope;

/// Default time for which an old key still works beside the one that replaces it.
/// Units: seconds. A day: long enough to roll a change out.
pub const ROTATION_OVERLAP_S: u64 = 24 * 60 * 60;
/// Units: seconds. 30 days.
pub const ROTATION_OVERLAP_S_MAX: u64 = 30 * 24 * 60 * 60;

/// Least time between two records of a key's last use. A write per request would cost more than the
/// request.
/// Units: milliseconds. One hour.
pub const USE_NOTED_EVERY_MS: u64 = 60 * 60 * 1_000;

/// SHA-256 of a presented key, lower-case hex; keys are looked up by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyHash(String);

impl KeyHash {
    /// Hashes a key as it was presented. Whatever the client sent is hashed, so nothing about its
    /// form leaks.
    pub fn of(presented_key: &str) -> Self {
        Self(signature::sha256_hex(presented_key.as_bytes()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text of a new key. `randomness` must be unpredictable.
pub fn format_key(randomness: &[u8; 32]) -> String {
    format!("sk_{}", hex::encode(randomness))
}

/// A stored key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub account_id: AccountId,
    pub label: String,
    pub project_label: Option<String>,
    pub monthly_quota_credits: Option<u64>,
    pub scopes: Vec<Scope>,
    /// As which dialect lists are answered, where several share a path.
    pub dialect: KeyDialect,
    pub created_at_ms: UnixMillis,
    /// The key works until then; in the future while a rotation overlaps.
    pub revoked_at_ms: Option<UnixMillis>,
    pub last_used_at_ms: Option<UnixMillis>,
}

impl ApiKey {
    /// Returns true if the last recorded use is so old that this one is to be recorded.
    pub fn use_is_due(&self, now: UnixMillis) -> bool {
        self.last_used_at_ms.is_none_or(|at| at.plus_ms(USE_NOTED_EVERY_MS) <= now)
    }
}

/// The properties of a new key, as its creator asks for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRequest {
    pub label: String,
    pub project_label: Option<String>,
    pub monthly_quota_credits: Option<u64>,
    pub scopes: Vec<Scope>,
    pub dialect: KeyDialect,
}

/// The authenticated caller of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    pub account_id: AccountId,
    pub api_key_id: ApiKeyId,
}

/// The caller, if the key is valid and has the scope.
/// Errors: `InvalidApiKey`, `RevokedApiKey`, `MissingScope`.
pub fn identify(key: Option<ApiKey>, scope: Scope, now: UnixMillis) -> Result<Caller, Error> {
    let key = key.ok_or(Error::InvalidApiKey)?;
    if key.revoked_at_ms.is_some_and(|revoked_at_ms| revoked_at_ms <= now) {
        return Err(Error::RevokedApiKey);
    }
    if !key.scopes.contains(&scope) {
        return Err(Error::MissingScope(scope));
    }
    Ok(Caller { account_id: key.account_id, api_key_id: key.id })
}
