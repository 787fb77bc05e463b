//! Medians and percentiles.

use std::time::Duration;

/// The median.
pub fn median(figures: &mut [f64]) -> f64 {
    percentile(figures, 0.5)
}

/// The figure below which this share of all lies. Zero without figures.
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
    fn the_median_and_a_percentile_do_not_depend_on_the_order() {
        let mut figures = [5.0, 1.0, 3.0, 2.0, 4.0];
        for (share, expected) in [(0.5, 3.0), (1.0, 5.0), (0.0, 1.0), (0.7, 4.0)] {
            assert!((percentile(&mut figures, share) - expected).abs() < f64::EPSILON, "{share}");
        }
        assert!(median(&mut []).abs() < f64::EPSILON);
    }
}
