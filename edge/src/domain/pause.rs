//! Pauses between tries that fail.

/// Longest pause of [`doubling_pause_ms`].
/// Units: milliseconds. Five minutes.
pub const PAUSE_MS_MAX: u64 = 300_000;

/// The pause after so many tries.
/// Units: milliseconds. 10 s, doubled with each try, five minutes at most.
pub fn doubling_pause_ms(tries: u32) -> u64 {
    10_000_u64.saturating_mul(1 << tries.saturating_sub(1).min(5)).min(PAUSE_MS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_five_minutes() {
        assert_eq!([0, 1, 2, 5, 6, 99].map(doubling_pause_ms), [10_000, 10_000, 20_000, 160_000, 300_000, 300_000]);
    }
}
