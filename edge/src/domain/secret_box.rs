//! Encryption at rest of secrets that must be read again (webhook secrets): AES-256-GCM, a fresh
//! nonce each.
//!
//! The key is a Wrangler secret, so a copy of the database alone opens nothing.

use aes_gcm::aead::{Aead, Nonce};
use aes_gcm::{Aes256Gcm, Key, KeyInit};

use super::error::Error;

const NONCE_SIZE_BYTES: usize = 12;

/// The encryption key.
pub type BoxKey = [u8; 32];

/// Encrypts; hex of nonce and ciphertext. `randomness` must be unpredictable.
pub fn seal(key: &BoxKey, randomness: &[u8; 32], secret: &str) -> Result<String, Error> {
    let nonce =
        randomness.get(..NONCE_SIZE_BYTES).and_then(|nonce| Nonce::<Aes256Gcm>::try_from(nonce).ok()).ok_or_else(damaged)?;
    let sealed = cipher(key).encrypt(&nonce, secret.as_bytes()).map_err(|_| damaged())?;
    Ok(hex::encode([nonce.as_slice(), &sealed].concat()))
}

/// Decrypts what `seal` made.
/// Errors: `Internal` when the text or the key is another one.
pub fn open(key: &BoxKey, sealed: &str) -> Result<String, Error> {
    let bytes = hex::decode(sealed).map_err(|_| damaged())?;
    let (nonce, sealed) = bytes.split_at_checked(NONCE_SIZE_BYTES).ok_or_else(damaged)?;
    let nonce = Nonce::<Aes256Gcm>::try_from(nonce).map_err(|_| damaged())?;
    let secret = cipher(key).decrypt(&nonce, sealed).map_err(|_| damaged())?;
    String::from_utf8(secret).map_err(|_| damaged())
}

fn cipher(key: &BoxKey) -> Aes256Gcm {
    Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key))
}

fn damaged() -> Error {
    Error::Internal("a secret box cannot be opened; was SECRET_BOX_KEY changed?".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_its_key_alone_and_unaltered() {
        let sealed = seal(&[1; 32], &[7; 32], "hush").unwrap();
        assert!(!sealed.contains(&hex::encode("hush")));
        assert_eq!(open(&[1; 32], &sealed).unwrap(), "hush");
        assert_ne!(seal(&[1; 32], &[8; 32], "hush").unwrap(), sealed);
        let altered = format!("{}0", &sealed[..sealed.len() - 1]);
        let altered = if altered == sealed { format!("{}1", &sealed[..sealed.len() - 1]) } else { altered };
        for (key, text) in [([2; 32], sealed.as_str()), ([1; 32], altered.as_str()), ([1; 32], "00"), ([1; 32], "zz")] {
            assert!(open(&key, text).is_err());
        }
    }
}
