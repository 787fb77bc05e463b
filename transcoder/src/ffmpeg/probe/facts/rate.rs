//! Frame rates from measured intervals.

use shared::media::FrameRate;

/// Rates that cameras and editors use.
const USUAL: [FrameRate; 12] = [
    rate(12, 1),
    rate(15, 1),
    rate(24_000, 1_001),
    rate(24, 1),
    rate(25, 1),
    rate(30_000, 1_001),
    rate(30, 1),
    rate(50, 1),
    rate(60_000, 1_001),
    rate(60, 1),
    rate(100, 1),
    rate(120, 1),
];
/// Relative difference up to which a measured rate is a usual one: containers round times to
/// milliseconds.
const ERROR_MAX: f64 = 0.0005;

const fn rate(numerator: u32, denominator: u32) -> FrameRate {
    FrameRate { numerator, denominator }
}

/// The usual rate that was measured, or thousandths of a frame a second.
pub fn nearest(frames_per_s: f64) -> FrameRate {
    let difference = |rate: &FrameRate| (rate.as_f64() / frames_per_s - 1.0).abs();
    let usual = USUAL.into_iter().min_by(|a, b| difference(a).total_cmp(&difference(b)));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates above any rate")]
    let thousandths = (frames_per_s * 1_000.0).round() as u32;
    usual.filter(|rate| difference(rate) <= ERROR_MAX).unwrap_or(rate(thousandths.max(1), 1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measured_rate_is_a_usual_one_or_kept() {
        for (measured, expected) in [
            (29.97, "30000/1001"),
            (30.001, "30/1"),
            (23.976, "24000/1001"),
            (24.99, "25/1"),
            (17.5, "17500/1000"),
            (0.0, "1/1000"),
        ] {
            assert_eq!(nearest(measured).to_string(), expected, "{measured}");
        }
    }
}
