//! Time and randomness of the runtime.

use std::time::Duration;

use shared::time::UnixMillis;
use worker::{Date, Delay};

/// The instant of the last I/O: the runtime's clock stands still in between.
pub fn now() -> UnixMillis {
    UnixMillis::new(Date::now().as_millis())
}

/// From the runtime's `crypto.getRandomValues`.
pub fn random_bytes() -> [u8; 32] {
    let mut bytes = [0; 32];
    if getrandom::fill(&mut bytes).is_err() {
        // Workers always have it. Going on without would make guessable keys, so this event ends
        // here.
        worker::console_error!("no randomness");
        std::process::abort();
    }
    bytes
}

/// Waits by the runtime's timer.
pub async fn pause(duration_ms: u64) {
    Delay::from(Duration::from_millis(duration_ms)).await;
}
