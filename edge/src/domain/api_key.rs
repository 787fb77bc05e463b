//! API keys: `sk_` and 256 random bits in hex. Only a hash is stored, and looked up by index.

use shared::id::{AccountId, ApiKeyId};
use shared::signature;
use shared::time::UnixMillis;

use super::error::Error;

/// What a presented key is looked up by: SHA-256, lower-case hex.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyHash(String);

impl KeyHash {
    /// Hashes a key as it was presented. Whatever the client sent is hashed, so nothing about its form leaks.
    pub fn of(presented_key: &str) -> Self {
        Self(signature::sha256_hex(presented_key.as_bytes()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A new key. The caller must see to randomness.
pub fn format_key(randomness: &[u8; 32]) -> String {
    format!("sk_{}", hex::encode(randomness))
}

/// A stored key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub account_id: AccountId,
    pub revoked_at_ms: Option<UnixMillis>,
}

/// Who makes a request, once its key was found good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    pub account_id: AccountId,
    pub api_key_id: ApiKeyId,
}

/// Says who presented a key.
/// Errors: `InvalidApiKey`, `RevokedApiKey`.
pub fn identify(key: Option<ApiKey>) -> Result<Caller, Error> {
    let key = key.ok_or(Error::InvalidApiKey)?;
    if key.revoked_at_ms.is_some() {
        return Err(Error::RevokedApiKey);
    }
    Ok(Caller { account_id: key.account_id, api_key_id: key.id })
}
