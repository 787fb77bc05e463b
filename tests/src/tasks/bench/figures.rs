//! Medians and percentiles, and how they are printed.

use std::time::Duration;

/// The middle one of some figures.
pub fn median(figures: &mut [f64]) -> f64 {
    percentile(figures, 0.5)
}

/// The figure that this share of all lie below. Zero when there is none.
pub fn percentile(figures: &mut [f64], share: f64) -> f64 {
    figures.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index of a small slice"
    )]
    let index = (figures.len().saturating_sub(1) as f64 * share).round() as usize;
    figures.get(index).copied().unwrap_or_default()
}

/// Units: microseconds.
pub fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_tail_are_found_in_any_order() {
        let mut figures = [5.0, 1.0, 3.0, 2.0, 4.0];
        for (share, expected) in [(0.5, 3.0), (1.0, 5.0), (0.0, 1.0), (0.7, 4.0)] {
            assert!((percentile(&mut figures, share) - expected).abs() < f64::EPSILON, "{share}");
        }
        assert!(median(&mut []).abs() < f64::EPSILON);
    }
}
