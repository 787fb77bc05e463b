//! A video that a provider makes for a job: what is ordered, how far it is, and how long anybody
//! waits for it.

use serde::{Deserialize, Serialize};
use shared::names;
use shared::price::Resolution;
use shared::signature;
use shared::time::UnixMillis;

use super::run::RunRef;

/// An order that could not be handed over by then is given up.
/// Units: milliseconds. One hour.
pub const SENDING_MS_MAX: u64 = 60 * 60 * 1_000;
/// A provider that knows nothing of a task by then has lost it. Before that it may only not have
/// heard of it yet.
/// Units: milliseconds.
pub const UNKNOWN_MS_MAX: u64 = 90 * 1_000;
/// Pauses before each question about a task, unless the operator says otherwise; the last one
/// repeats.
/// Units: seconds.
pub const ASK_PAUSES_S: [u64; 6] = [15, 15, 30, 30, 60, 120];
/// Longest words of a caller; ours are added to them.
/// Units: characters. With ours, below the 2,500 that providers take.
pub const PROMPT_CHARS_MAX: usize = 2_000;
/// Units: seconds.
pub const DURATION_S_MIN: u64 = 3;
/// Units: seconds.
pub const DURATION_S_MAX: u64 = 15;
/// When nobody says.
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

/// What a provider is to generate, beside the image and the sound of the job (`Job::prompt_image`,
/// `Job::prompt_sound`).
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
    /// A picture that is to speak; the video is as long as the sound.
    pub const fn of_portrait() -> Self {
        Self { prompt: String::new(), duration_s: ASSUMED_DURATION_MS / 1_000, resolution: Resolution::Hd, aspect_ratio: None }
    }
}

names! {
    /// How far an order is.
    GenerationState {
        /// To be sent.
        Waiting = "waiting",
        /// It may have arrived: it is never sent again, but looked for.
        Sending = "sending",
        /// The provider has it under a name.
        Sent = "sent",
        /// Nothing more is asked.
        Over = "over",
    }
}

/// An order and what came of it so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generation {
    pub run: RunRef,
    pub provider: String,
    pub request: GenerationRequest,
    pub state: GenerationState,
    /// The provider's name for it.
    pub task_id: Option<String>,
    /// Tries to send it; once it is sent, questions about it.
    pub tries: u32,
    pub sent_at_ms: Option<UnixMillis>,
    pub due_at_ms: UnixMillis,
    pub deadline_at_ms: UnixMillis,
}

impl Generation {
    /// Whether the provider should know of it by now.
    pub fn is_unknown_for_too_long(&self, now: UnixMillis) -> bool {
        self.sent_at_ms.is_none_or(|sent| sent.plus_ms(UNKNOWN_MS_MAX) <= now)
    }
}

/// How long to wait before the next question, counting questions from 0.
/// Units: milliseconds.
pub fn ask_pause_ms(pauses_s: &[u64], tries: u32) -> u64 {
    let index = usize::try_from(tries).unwrap_or(usize::MAX);
    pauses_s.get(index).or(pauses_s.last()).map_or(120_000, |pause_s| pause_s.saturating_mul(1_000))
}

/// How long to leave a provider in peace that refused and did not say for how long.
/// Units: milliseconds. 10 s, doubled with each try, five minutes at most.
pub fn refused_pause_ms(tries: u32) -> u64 {
    10_000_u64.saturating_mul(1 << tries.saturating_sub(1).min(5)).min(300_000)
}

/// Proves that an address was made by us for this run.
pub fn callback_token(secret: &[u8], run: RunRef) -> String {
    signature::sign(secret, format!("provider callback\n{}\n{}", run.job_id, run.run).as_bytes())
}

/// Whether a token is that of the run. Takes the same time whatever differs.
pub fn is_callback_token(secret: &[u8], run: RunRef, token: &str) -> bool {
    signature::verify(secret, format!("provider callback\n{}\n{}", run.job_id, run.run).as_bytes(), token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_within_their_bounds() {
        assert_eq!([0, 2, 5, 99].map(|tries| ask_pause_ms(&ASK_PAUSES_S, tries)), [15_000, 30_000, 120_000, 120_000]);
        assert_eq!([0, 1, 2, 5, 6, 99].map(refused_pause_ms), [10_000, 10_000, 20_000, 160_000, 300_000, 300_000]);
    }
}
