//! A video that a provider generates for a job: its request, its state, and its time limits.

use serde::{Deserialize, Serialize};
use shared::names;
use shared::price::Resolution;
use shared::signature;
use shared::time::UnixMillis;

use super::run::RunRef;

/// A generation that could not be sent by then fails.
/// Units: milliseconds. One hour.
pub const SENDING_MS_MAX: u64 = 60 * 60 * 1_000;
/// A task that the provider does not know by then is lost. Before that it may not be visible yet.
/// Units: milliseconds.
pub const UNKNOWN_MS_MAX: u64 = 90 * 1_000;
/// Default pauses before each poll of a task; the last one repeats.
/// Units: seconds.
pub const POLL_PAUSES_S: [u64; 6] = [15, 15, 30, 30, 60, 120];
/// Longest prompt of a caller; ours is appended to it.
/// Units: characters. With ours, below the 2,500 that providers take.
pub const PROMPT_CHARS_MAX: usize = 2_000;
/// Units: seconds.
pub const DURATION_S_MIN: u64 = 3;
/// Units: seconds.
pub const DURATION_S_MAX: u64 = 15;
/// The duration of a request that names none.
/// Units: milliseconds.
pub const ASSUMED_DURATION_MS: u64 = 5_000;

names! {
    /// The shape of a picture.
    AspectRatio {
        Wide = "16:9",
        Tall = "9:16",
        Square = "1:1",
    }
}

/// A request to a provider, without its files (`Job::prompt_image`, `Job::prompt_sound`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GenerationRequest {
    /// As the caller wrote it; may be empty where there is an image.
    pub prompt: String,
    pub duration_s: u64,
    pub resolution: Resolution,
    pub aspect_ratio: Option<AspectRatio>,
}

impl GenerationRequest {
    /// The request for an animated portrait: no prompt, and the duration is that of the sound.
    pub const fn of_portrait() -> Self {
        Self { prompt: String::new(), duration_s: ASSUMED_DURATION_MS / 1_000, resolution: Resolution::Hd, aspect_ratio: None }
    }
}

names! {
    /// The state of a generation.
    GenerationState {
        /// To be sent.
        Waiting = "waiting",
        /// Sent, without a response yet. It is never sent again; a callback of the provider may
        /// still complete it.
        Sending = "sending",
        /// The provider has it as a task.
        Sent = "sent",
        /// It is polled no more.
        Over = "over",
    }
}

/// A generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generation {
    pub run: RunRef,
    pub provider: String,
    pub request: GenerationRequest,
    pub state: GenerationState,
    /// The provider's task id.
    pub task_id: Option<String>,
    /// Attempts to send it; once it is sent, polls.
    pub tries: u32,
    pub sent_at_ms: Option<UnixMillis>,
    pub due_at_ms: UnixMillis,
    pub deadline_at_ms: UnixMillis,
}

impl Generation {
    /// Returns true once the provider must know the task: one that it does not know then is lost.
    pub fn is_unknown_for_too_long(&self, now: UnixMillis) -> bool {
        self.sent_at_ms.is_none_or(|sent| sent.plus_ms(UNKNOWN_MS_MAX) <= now)
    }
}

/// The pause before the next poll, counting polls from 0.
/// Units: milliseconds.
pub fn poll_pause_ms(pauses_s: &[u64], tries: u32) -> u64 {
    let index = usize::try_from(tries).unwrap_or(usize::MAX);
    pauses_s.get(index).or(pauses_s.last()).map_or(120_000, |pause_s| pause_s.saturating_mul(1_000))
}

/// Authenticates a callback URL as ours for this run.
pub fn callback_token(secret: &[u8], run: RunRef) -> String {
    signature::sign(secret, format!("provider callback\n{}\n{}", run.job_id, run.run).as_bytes())
}

/// Checks the token of a callback URL in constant time.
pub fn is_callback_token(secret: &[u8], run: RunRef, token: &str) -> bool {
    signature::verify(secret, format!("provider callback\n{}\n{}", run.job_id, run.run).as_bytes(), token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_within_their_bounds() {
        assert_eq!([0, 2, 5, 99].map(|tries| poll_pause_ms(&POLL_PAUSES_S, tries)), [15_000, 30_000, 120_000, 120_000]);
    }
}
