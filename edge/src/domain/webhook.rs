//! Webhook events: their ids, names, signatures and retry schedule.
//!
//! Sources: the API's own documentation (`X-Bgless-Signature`); Standard Webhooks 1.0.0
//! (`webhook-*`).

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use shared::id::JobId;
use shared::names;
use shared::signature;
use shared::time::UnixMillis;

use super::error::Error;
use super::run::RunRef;

/// The timeout of a receiver.
/// Units: milliseconds.
pub const ANSWER_MS_MAX: u64 = 15_000;
/// An attempt whose outcome was lost is repeated after this time, well above the timeout of a
/// receiver.
/// Units: milliseconds.
pub const UNCONFIRMED_AFTER_MS: u64 = 60_000;
/// Default pauses before the second and each further attempt; then the event is kept for redelivery
/// by hand.
/// Units: seconds. 5 s, 30 s, 5 min, 30 min, 2 h, 5 h, 10 h.
pub const RETRY_PAUSES_S: [u64; 7] = [5, 30, 300, 1_800, 7_200, 18_000, 36_000];
/// The prefix of Standard Webhooks' secrets; base64 follows.
const STANDARD_PREFIX: &str = "whsec_";
/// Default time for which an account's old secret signs beside its new one.
/// Units: seconds. A day.
pub const SECRET_OVERLAP_S: u64 = 24 * 60 * 60;
/// Units: seconds. 30 days.
pub const SECRET_OVERLAP_S_MAX: u64 = 30 * 24 * 60 * 60;
/// The names of events. A trigger of the database writes them, and a test compares the two.
pub const EVENTS: [&str; 4] = [START_EVENT, "job.completed", "job.failed", "job.canceled"];
/// Sent where the job's dialect notifies starts.
pub const START_EVENT: &str = "job.started";
/// The states of a delivery: due, delivered, or every attempt failed. A test compares them with the
/// database's constraint.
pub const DELIVERY_STATES: [&str; 3] = ["pending", "delivered", "failed"];
/// Longest text of a secret.
pub const SECRET_CHARS_MAX: usize = 256;

/// Identifies an event, at each attempt alike. As text, which receivers see: `evt_<ulid>_<run>`,
/// with `_start` for a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventId {
    pub run: RunRef,
    pub moment: Moment,
}

names! {
    /// When in a run an event occurs.
    Moment {
        Start = "start",
        End = "end",
    }
}

impl Moment {
    const fn suffix(self) -> &'static str {
        match self {
            Self::Start => "_start",
            Self::End => "",
        }
    }
}

impl EventId {
    pub const fn start(run: RunRef) -> Self {
        Self { run, moment: Moment::Start }
    }

    pub const fn end(run: RunRef) -> Self {
        Self { run, moment: Moment::End }
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let job_id = self.run.job_id.to_string();
        write!(f, "evt_{}_{}{}", job_id.trim_start_matches("job_"), self.run.run, self.moment.suffix())
    }
}

impl FromStr for EventId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (named, moment) = match text.strip_suffix(Moment::Start.suffix()) {
            Some(named) => (named, Moment::Start),
            None => (text, Moment::End),
        };
        let parts = named.strip_prefix("evt_").and_then(|rest| rest.split_once('_'));
        let (job_id, run) = parts.ok_or(Error::NoSuchThing("delivery"))?;
        let job_id: JobId = format!("job_{job_id}").parse().map_err(|_| Error::NoSuchThing("delivery"))?;
        let run = run.parse().map_err(|_| Error::NoSuchThing("delivery"))?;
        Some(Self { run: RunRef { job_id, run }, moment })
            .filter(|id| id.to_string() == text)
            .ok_or(Error::NoSuchThing("delivery"))
    }
}

/// The text of a new secret, in Standard Webhooks' form. `randomness` must be unpredictable.
pub fn format_secret(randomness: &[u8; 32]) -> String {
    format!("{STANDARD_PREFIX}{}", BASE64_STANDARD.encode(randomness))
}

/// The headers of one attempt, signed with each secret, the newest first. Without a secret there is
/// no signature.
pub fn headers(id: EventId, body: &str, secrets: &[String], now: UnixMillis) -> Vec<(&'static str, String)> {
    let timestamp_s = now.as_secs();
    let mut headers = vec![
        ("content-type", "application/json".to_owned()),
        ("user-agent", "bgless-webhook".to_owned()),
        ("webhook-id", id.to_string()),
        ("webhook-timestamp", timestamp_s.to_string()),
    ];
    if !secrets.is_empty() {
        let own = secrets.iter().map(|secret| {
            let own = signature::sign(secret.as_bytes(), format!("{timestamp_s}.{body}").as_bytes());
            format!(",v1={own}")
        });
        headers.push(("x-bgless-signature", format!("t={timestamp_s}{}", own.collect::<String>())));
        let standard = secrets.iter().map(|secret| {
            let standard = signature::hmac_sha256(&standard_key(secret), format!("{id}.{timestamp_s}.{body}").as_bytes());
            format!("v1,{}", BASE64_STANDARD.encode(standard))
        });
        headers.push(("webhook-signature", standard.collect::<Vec<_>>().join(" ")));
    }
    headers
}

/// An event as a dialect writes it.
pub struct EventMessage {
    pub body: String,
    pub sign: SignEvent,
}

/// Makes the headers that a dialect's receivers look for, beyond those of every event.
pub type SignEvent = fn(&EventToSign<'_>) -> Vec<(&'static str, String)>;

/// An event, as a dialect's own signature scheme needs it.
pub struct EventToSign<'a> {
    pub event: &'a str,
    pub id: EventId,
    pub body: &'a str,
    /// The newest first; none where nothing is to be signed.
    pub secrets: &'a [String],
    pub now: UnixMillis,
}

/// The key that a Standard Webhooks library derives from this secret, be it a caller's own text or
/// one of ours.
fn standard_key(secret: &str) -> Vec<u8> {
    let encoded = secret.strip_prefix(STANDARD_PREFIX);
    encoded.and_then(|encoded| BASE64_STANDARD.decode(encoded).ok()).unwrap_or_else(|| secret.as_bytes().to_vec())
}

/// The pause after a failed attempt, counting attempts from 1; none after the last. It varies by a
/// fifth, so that receivers that failed together are not retried together.
pub fn pause_ms(pauses_s: &[u64], tries: u32, randomness: u128) -> Option<u64> {
    let index = usize::try_from(tries.checked_sub(1)?).ok()?;
    let pause_ms = pauses_s.get(index)?.saturating_mul(1_000);
    let jitter_ms = u64::try_from(randomness % 401).ok()?.saturating_mul(pause_ms) / 1_000;
    Some(pause_ms - pause_ms / 5 + jitter_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> EventId {
        EventId::end(RunRef { job_id: JobId::from_parts(UnixMillis::new(1_763_750_000_000), 42), run: 2 })
    }

    #[test]
    fn an_event_is_its_text() {
        for id in [id(), EventId::start(id().run)] {
            assert_eq!(id.to_string().parse::<EventId>().unwrap(), id);
        }
        for text in ["", "evt_", "evt_x_1", "job_01KAJ4A2G00000000000000000", &id().to_string().replace("_2", "_02")] {
            assert!(text.parse::<EventId>().is_err(), "{text}");
        }
    }

    #[test]
    fn both_signatures_are_the_documented_formulas() {
        let headers = headers(id(), "{}", &["hush".to_owned()], UnixMillis::new(1_763_750_000_500));
        let header = |name: &str| headers.iter().find(|(found, _)| *found == name).map(|(_, value)| value.clone()).unwrap();
        let own = signature::sign(b"hush", b"1763750000.{}");
        assert_eq!(header("x-bgless-signature"), format!("t=1763750000,v1={own}"));
        let standard = signature::hmac_sha256(b"hush", format!("{}.1763750000.{{}}", id()).as_bytes());
        assert_eq!(header("webhook-signature"), format!("v1,{}", BASE64_STANDARD.encode(standard)));
        assert!(!super::headers(id(), "{}", &[], UnixMillis::new(1)).iter().any(|(name, _)| name.contains("signature")));
    }

    #[test]
    fn two_secrets_sign_while_one_replaces_the_other() {
        let secrets = [format_secret(&[1; 32]), format_secret(&[2; 32])];
        let headers = headers(id(), "{}", &secrets, UnixMillis::new(1_763_750_000_500));
        let header = |name: &str| headers.iter().find(|(found, _)| *found == name).map(|(_, value)| value.clone()).unwrap();
        let own = secrets.each_ref().map(|secret| signature::sign(secret.as_bytes(), b"1763750000.{}"));
        assert_eq!(header("x-bgless-signature"), format!("t=1763750000,v1={},v1={}", own[0], own[1]));
        // A library decodes what follows the prefix.
        let text = format!("{}.1763750000.{{}}", id());
        let standard = [[1; 32], [2; 32]].map(|key| BASE64_STANDARD.encode(signature::hmac_sha256(&key, text.as_bytes())));
        assert_eq!(header("webhook-signature"), format!("v1,{} v1,{}", standard[0], standard[1]));
        assert_eq!(standard_key("whsec_no base64"), b"whsec_no base64");
    }

    #[test]
    fn pauses_follow_the_schedule_within_a_fifth_and_end() {
        for randomness in [0, 200, 400, u128::MAX] {
            let pause = pause_ms(&RETRY_PAUSES_S, 3, randomness).unwrap();
            assert!((240_000..=360_000).contains(&pause), "{pause}");
        }
        assert_eq!(pause_ms(&[1], 1, 200), Some(1_000));
        assert_eq!((pause_ms(&[1], 2, 0), pause_ms(&[1], 0, 0)), (None, None));
    }
}
