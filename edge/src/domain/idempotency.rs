//! `Idempotency-Key`: a repeated request gets the same answer and is executed once.
//!
//! Source: draft-ietf-httpapi-idempotency-key-header.

use shared::signature::sha256_hex;

use super::error::Error;

/// Time for which a key and its answer are kept.
/// Units: milliseconds. A day.
pub const KEY_LIFETIME_MS: u64 = 24 * 60 * 60 * 1_000;
/// A request that has not answered by then never will: its key is free again, or its job is
/// answered as it is.
/// Units: milliseconds. Longer than the longest wait.
pub const RUNNING_MS_MAX: u64 = 2 * 60 * 1_000;
const KEY_CHARS_MAX: usize = 255;

/// A key and the fingerprint of its request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    pub key: String,
    /// Of path and body.
    pub fingerprint: String,
}

impl IdempotencyKey {
    /// Reads the header, quoted as the draft asks or bare as most clients send it.
    /// Errors: `InvalidRequest`.
    pub fn parse(header: &str, path: &str, body: &[u8]) -> Result<Self, Error> {
        let text = header.trim();
        let key = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
        if key.is_empty() || key.len() > KEY_CHARS_MAX || !key.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"') {
            return Err(Error::invalid(
                "Idempotency-Key",
                format!("Must have 1 to {KEY_CHARS_MAX} visible ASCII characters, such as a UUID."),
            ));
        }
        let fingerprint = sha256_hex(&[path.as_bytes(), b"\n", body].concat());
        Ok(Self { key: key.to_owned(), fingerprint })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_and_bare_are_one_key_and_another_request_another_fingerprint() {
        let parse = |header: &str, path: &str, body: &str| IdempotencyKey::parse(header, path, body.as_bytes());
        assert_eq!(parse("\"a-1\"", "/p", "{}"), parse(" a-1 ", "/p", "{}"));
        for (path, body) in [("/q", "{}"), ("/p", "{ }"), ("/p\n{", "}")] {
            assert_ne!(parse("a", "/p", "{}"), parse("a", path, body));
        }
        for header in ["", "\"\"", "a b", "a\"b", "ключ", &"x".repeat(256)] {
            assert!(parse(header, "/p", "{}").is_err(), "{header}");
        }
    }
}
