//! The header that signs webhooks. Source: the documentation of `VidGen`'s webhooks.

use shared::signature;

use crate::domain::webhook::EventToSign;

/// Signed with the newest secret: HMAC-SHA256 over the body, as hex.
pub fn headers(event: &EventToSign<'_>) -> Vec<(&'static str, String)> {
    let signature = event.secrets.first().map(|secret| signature::sign(secret.as_bytes(), event.body.as_bytes()));
    signature.map(|signature| ("x-webhook-signature", signature)).into_iter().collect()
}
