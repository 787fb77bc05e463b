//! Exponential back-off of all retries: pauses double up to a limit, with jitter of up to a factor
//! of two, so that the members of a fleet do not retry in step.

use std::time::Duration;

use backon::ExponentialBuilder;

/// Pauses without end that begin with `first` to twice `first`, and stay below twice `longest`.
pub fn backoff(first: Duration, longest: Duration) -> ExponentialBuilder {
    ExponentialBuilder::new().with_min_delay(first.min(longest)).with_max_delay(longest).without_max_times().with_jitter()
}

#[cfg(test)]
mod tests {
    use backon::BackoffBuilder;

    use super::*;

    #[test]
    fn pauses_double_up_to_their_limit_and_never_come_sooner() {
        let mut pauses = backoff(Duration::from_secs(1), Duration::from_secs(5)).build();
        for least_s in [1, 2, 4, 5, 5, 5] {
            let pause = pauses.next().unwrap();
            assert!((least_s..least_s * 2).contains(&pause.as_secs()), "{pause:?} of {least_s} s");
        }
        let mut beyond = backoff(Duration::from_secs(9), Duration::from_secs(5)).build();
        assert!(beyond.next().unwrap() < Duration::from_secs(10));
    }
}
