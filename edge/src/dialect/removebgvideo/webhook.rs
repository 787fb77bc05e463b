//! The headers of webhooks. Source: the documentation of `RemoveBGVideo`'s webhooks.

use shared::signature;

use super::map::event_name;
use crate::domain::webhook::EventToSign;

/// Signed with the newest secret: HMAC-SHA256 over `<timestamp>.<body>`, as hex.
pub fn headers(event: &EventToSign<'_>) -> Vec<(&'static str, String)> {
    let EventToSign { event, id, body, secrets, now } = event;
    let timestamp = now.to_iso_8601();
    let signature = secrets.first().map(|secret| {
        let signed = signature::sign(secret.as_bytes(), format!("{timestamp}.{body}").as_bytes());
        ("x-webhook-signature", format!("sha256={signed}"))
    });
    let named = [("x-webhook-event", event_name(event).to_owned()), ("x-webhook-delivery-id", id.to_string())];
    named.into_iter().chain([("x-webhook-timestamp", timestamp)]).chain(signature).collect()
}

#[cfg(test)]
mod tests {
    use shared::time::UnixMillis;

    use super::*;

    #[test]
    fn a_cancellation_is_announced_as_a_failure_and_signed_with_the_newest_secret() {
        let id = "evt_01KAJ4A2G00000000000000000_1".parse().unwrap();
        let secrets = ["new".to_owned(), "old".to_owned()];
        let event =
            EventToSign { event: "job.canceled", id, body: "{}", secrets: &secrets, now: UnixMillis::new(1_763_750_000_000) };
        let timestamp = event.now.to_iso_8601();
        let signature = signature::sign(b"new", format!("{timestamp}.{{}}").as_bytes());
        let expected = [
            ("x-webhook-event", "job.failed".to_owned()),
            ("x-webhook-delivery-id", id.to_string()),
            ("x-webhook-timestamp", timestamp),
            ("x-webhook-signature", format!("sha256={signature}")),
        ];
        assert_eq!(headers(&event), expected);
        assert_eq!(headers(&EventToSign { secrets: &[], ..event }).len(), 3);
    }
}
