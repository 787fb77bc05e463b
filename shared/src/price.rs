//! What a job costs: one table, used for the reserve, its correction, and estimates.

use crate::media::PixelSize;
use crate::report::Strategy;

/// Reserved for when nobody said how long the source is.
/// Units: milliseconds.
pub const ASSUMED_DURATION_MS: u64 = 10_000;
/// Up to here a second of keying costs one credit, above it two.
/// Units: pixels. 1920 × 1080, whatever its orientation.
const FULL_HD_PIXELS: u64 = 1_920 * 1_080;

/// What kind of work is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tariff {
    /// The source's alpha is kept: one credit per started two seconds.
    Conversion,
    /// A matte is made: one credit per started second up to full HD, two above.
    Keying,
}

impl From<Strategy> for Tariff {
    fn from(strategy: Strategy) -> Self {
        match strategy {
            Strategy::SourceAlpha => Self::Conversion,
            Strategy::ChromaKey => Self::Keying,
        }
    }
}

/// What a job costs. Every output after the first adds a tenth of the first's price; fractions round up.
/// Units: credits; at least 1. An unknown picture size is taken to be full HD.
#[must_use]
pub fn price_credits(tariff: Tariff, duration_ms: u64, size: Option<PixelSize>, output_count: usize) -> u64 {
    let base = match tariff {
        Tariff::Conversion => duration_ms.div_ceil(2_000),
        Tariff::Keying if size.is_some_and(|size| size.pixels() > FULL_HD_PIXELS) => {
            duration_ms.div_ceil(1_000).saturating_mul(2)
        }
        Tariff::Keying => duration_ms.div_ceil(1_000),
    }
    .max(1);
    let further_outputs = u64::try_from(output_count.saturating_sub(1)).unwrap_or(u64::MAX);
    base.saturating_add(base.saturating_mul(further_outputs).div_ceil(10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table() {
        let full_hd = Some(PixelSize { width: 1_080, height: 1_920 });
        let above = Some(PixelSize { width: 1_920, height: 1_088 });
        for (tariff, duration_ms, size, output_count, expected) in [
            (Tariff::Keying, 10_000, None, 1, 10),
            (Tariff::Keying, 10_001, full_hd, 1, 11),
            (Tariff::Keying, 10_000, above, 1, 20),
            (Tariff::Keying, 10_000, full_hd, 3, 12),
            (Tariff::Keying, 11_000, full_hd, 2, 13),
            (Tariff::Keying, 0, full_hd, 1, 1),
            (Tariff::Conversion, 2_000, full_hd, 1, 1),
            (Tariff::Conversion, 2_001, above, 1, 2),
            (Tariff::Keying, u64::MAX, above, 1, 36_893_488_147_419_104),
        ] {
            assert_eq!(
                price_credits(tariff, duration_ms, size, output_count),
                expected,
                "{tariff:?} {duration_ms} {output_count}"
            );
        }
    }
}
