//! HMAC-SHA256 signing and constant-time checking, for calls between transcoder and edge and for
//! file URLs.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::time::UnixMillis;

/// Header with the Unix time of an internal call, in seconds.
pub const TIMESTAMP_HEADER: &str = "x-bgless-timestamp";
/// Header with the lower-case hex signature of an internal call.
pub const SIGNATURE_HEADER: &str = "x-bgless-signature";
/// Largest difference between the two clocks.
/// Units: seconds.
pub const CLOCK_SKEW_S_MAX: u64 = 300;

/// HMAC-SHA256, raw, for schemes that chain keys (AWS SigV4).
#[must_use]
pub fn hmac_sha256(secret: &[u8], message: &[u8]) -> [u8; 32] {
    keyed(secret).chain_update(message).finalize().into_bytes().into()
}

/// SHA-256, raw.
#[must_use]
pub fn sha256(message: &[u8]) -> [u8; 32] {
    Sha256::digest(message).into()
}

/// SHA-256 as lower-case hex: how API keys are stored and looked up.
#[must_use]
pub fn sha256_hex(message: &[u8]) -> String {
    hex::encode(sha256(message))
}

/// Signs `message`; lower-case hex.
#[must_use]
pub fn sign(secret: &[u8], message: &[u8]) -> String {
    hex::encode(hmac_sha256(secret, message))
}

/// Whether `signature` is lower- or upper-case hex of the right HMAC, compared in constant time.
#[must_use]
pub fn verify(secret: &[u8], message: &[u8], signature: &str) -> bool {
    hex::decode(signature).is_ok_and(|bytes| keyed(secret).chain_update(message).verify_slice(&bytes).is_ok())
}

/// Signs an internal call: HMAC over `timestamp.body`, the timestamp in whole seconds.
#[must_use]
pub fn sign_call(secret: &[u8], timestamp_s: u64, body: &[u8]) -> String {
    sign(secret, &call_text(timestamp_s, body))
}

/// Whether an internal call is correctly signed and recent.
#[must_use]
pub fn verify_call(secret: &[u8], timestamp: &str, body: &[u8], signature: &str, now: UnixMillis) -> bool {
    timestamp.parse::<u64>().is_ok_and(|timestamp_s| {
        now.as_secs().abs_diff(timestamp_s) <= CLOCK_SKEW_S_MAX && verify(secret, &call_text(timestamp_s, body), signature)
    })
}

fn call_text(timestamp_s: u64, body: &[u8]) -> Vec<u8> {
    [timestamp_s.to_string().as_bytes(), b".", body].concat()
}

fn keyed(secret: &[u8]) -> Hmac<Sha256> {
    // HMAC takes keys of any length, so this arm is for the type checker alone.
    Hmac::new_from_slice(secret).unwrap_or_else(|_| Hmac::new(&hmac::digest::Key::<Hmac<Sha256>>::default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_4231_case_2() {
        assert_eq!(
            sign(b"Jefe", b"what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn a_call_is_checked_for_text_key_and_age() {
        let now = UnixMillis::new(1_763_750_000_000);
        let signature = sign_call(b"secret", now.as_secs(), b"{}");
        let check = |secret: &[u8], timestamp_s: u64, body: &[u8], now: UnixMillis| {
            verify_call(secret, &timestamp_s.to_string(), body, &signature, now)
        };
        assert!(check(b"secret", now.as_secs(), b"{}", now));
        assert!(check(b"secret", now.as_secs(), b"{}", now.plus_ms(300_000)));
        assert!(!check(b"secret", now.as_secs(), b"{}", now.plus_ms(301_000)));
        assert!(!check(b"secret", now.as_secs() + 1, b"{}", now));
        assert!(!check(b"other", now.as_secs(), b"{}", now));
        assert!(!check(b"secret", now.as_secs(), b"{ }", now));
        assert!(!verify_call(b"secret", "soon", b"{}", &signature, now));
        assert!(!verify_call(b"secret", &now.as_secs().to_string(), b"{}", "zz", now));
    }
}
