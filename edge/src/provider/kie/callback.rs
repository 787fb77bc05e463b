//! KIE's callback: checks its signature and reads the task's id. The body is not signed, so nothing
//! else of it is used.
//!
//! Source: docs.kie.ai, webhook verification: base64 of HMAC-SHA256 over `taskId.timestamp`.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use shared::signature::{CLOCK_SKEW_S_MAX, verify};
use shared::time::UnixMillis;

pub const SIGNATURE_HEADER: &str = "x-webhook-signature";
/// Units: seconds.
pub const TIMESTAMP_HEADER: &str = "x-webhook-timestamp";
/// Longest task id that is looked up.
const TASK_ID_CHARS_MAX: usize = 128;
/// Where the task's id is, by the documentation of KIE's several APIs.
const TASK_ID_PLACES: [&str; 4] = ["/data/taskId", "/data/task_id", "/taskId", "/task_id"];

/// Which callbacks of KIE are accepted.
#[derive(Clone)]
pub enum Callbacks {
    /// Those signed with this key.
    Signed(Vec<u8>),
    /// All, without a signature. For development.
    Unsigned,
    /// None: tasks are polled instead.
    Refused,
}

/// The task that a body is about.
pub fn task_id(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let found = TASK_ID_PLACES.iter().find_map(|place| body.pointer(place)?.as_str())?;
    (1..=TASK_ID_CHARS_MAX).contains(&found.chars().count()).then(|| found.to_owned())
}

/// Whether a callback is accepted: signed and fresh, unless signatures are not required. Compares
/// in constant time.
pub fn is_accepted(callbacks: &Callbacks, task_id: &str, timestamp: &str, signature: &str, now: UnixMillis) -> bool {
    match callbacks {
        Callbacks::Refused => false,
        Callbacks::Unsigned => true,
        Callbacks::Signed(key) => {
            let fresh = timestamp.parse::<u64>().is_ok_and(|at_s| now.as_secs().abs_diff(at_s) <= CLOCK_SKEW_S_MAX);
            let bytes = BASE64_STANDARD.decode(signature).unwrap_or_default();
            fresh && verify(key, format!("{task_id}.{timestamp}").as_bytes(), &hex::encode(bytes))
        }
    }
}

/// The signature that KIE would send.
#[cfg(test)]
pub fn signed(key: &[u8], task_id: &str, timestamp_s: u64) -> String {
    let hex = shared::signature::sign(key, format!("{task_id}.{timestamp_s}").as_bytes());
    BASE64_STANDARD.encode(hex::decode(hex).unwrap())
}
