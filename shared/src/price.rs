//! The price and the expected work time of jobs: one table, used for the reserve, its correction,
//! and estimates.

use crate::media::PixelSize;
use crate::names;

/// The duration that is reserved for when the request names none.
/// Units: milliseconds.
pub const ASSUMED_DURATION_MS: u64 = 10_000;

/// The resolution that is reserved for when the request names none.
pub const ASSUMED_RESOLUTION: Resolution = Resolution::FullHd;

names! {
    /// A class of picture sizes, as requests name it and prices tell it apart.
    Resolution {
        /// Up to 1280 × 720 pixels.
        Hd = "720p",
        /// Up to 1920 × 1080 pixels.
        FullHd = "1080p",
        /// Anything above.
        UltraHd = "2160p",
    }
}

impl Resolution {
    /// The most pixels of this class; none where there is no bound.
    #[must_use]
    pub const fn pixels_max(self) -> Option<u64> {
        match self {
            Self::Hd => Some(1_280 * 720),
            Self::FullHd => Some(1_920 * 1_080),
            Self::UltraHd => None,
        }
    }

    /// The class of a picture, whatever its orientation.
    #[must_use]
    pub const fn of(size: PixelSize) -> Self {
        match size.pixels() {
            0..=921_600 => Self::Hd,
            921_601..=2_073_600 => Self::FullHd,
            _ => Self::UltraHd,
        }
    }
}

/// The price list that applies to a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tariff {
    /// The source's alpha is kept, or nothing is cut out: one credit per started two seconds.
    Conversion,
    /// A matte is made: one credit per started second up to 1080p, two above.
    Keying,
    /// A provider makes the video: 16, 21 or 42 credits per started second at 720p, 1080p and
    /// above.
    Generation,
    /// A provider makes a picture speak: 16 credits per started second.
    Avatar,
}

impl Tariff {
    /// Credits for one started unit of time, and how long the unit is in milliseconds.
    #[must_use]
    pub const fn unit(self, resolution: Resolution) -> (u64, u64) {
        match (self, resolution) {
            (Self::Conversion, _) => (1, 2_000),
            (Self::Keying, Resolution::Hd | Resolution::FullHd) => (1, 1_000),
            (Self::Keying, Resolution::UltraHd) => (2, 1_000),
            (Self::Generation, Resolution::Hd) | (Self::Avatar, _) => (16, 1_000),
            (Self::Generation, Resolution::FullHd) => (21, 1_000),
            (Self::Generation, Resolution::UltraHd) => (42, 1_000),
        }
    }

    /// The estimated work time of a job while there is no history.
    /// Units: milliseconds.
    #[must_use]
    pub const fn assumed_work_ms(self, resolution: Resolution, duration_ms: u64) -> u64 {
        // Start and end of any job, then so many times the length of the video.
        const FIXED_MS: u64 = 5_000;
        let times = match (self, resolution) {
            // A provider's queue and work hardly depend on the length.
            (Self::Generation | Self::Avatar, _) => return 120_000,
            (Self::Conversion | Self::Keying, Resolution::Hd) => 3,
            (Self::Conversion | Self::Keying, Resolution::FullHd) => 7,
            (Self::Conversion | Self::Keying, Resolution::UltraHd) => 28,
        };
        FIXED_MS + duration_ms.saturating_mul(times)
    }
}

/// The price of a job. Every output after the first adds a tenth of the first's price; fractions
/// round up.
/// Units: credits; at least 1.
#[must_use]
pub fn price_credits(tariff: Tariff, duration_ms: u64, resolution: Resolution, output_count: usize) -> u64 {
    let (unit_credits, unit_ms) = tariff.unit(resolution);
    let base = duration_ms.div_ceil(unit_ms).saturating_mul(unit_credits).max(1);
    let further_outputs = u64::try_from(output_count.saturating_sub(1)).unwrap_or(u64::MAX);
    base.saturating_add(base.saturating_mul(further_outputs).div_ceil(10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table() {
        use Resolution::{FullHd, Hd, UltraHd};
        for (tariff, duration_ms, resolution, output_count, expected) in [
            (Tariff::Keying, 10_000, Hd, 1, 10),
            (Tariff::Keying, 10_001, FullHd, 1, 11),
            (Tariff::Keying, 10_000, UltraHd, 1, 20),
            (Tariff::Keying, 10_000, FullHd, 3, 12),
            (Tariff::Keying, 11_000, FullHd, 2, 13),
            (Tariff::Keying, 0, FullHd, 1, 1),
            (Tariff::Conversion, 2_000, FullHd, 1, 1),
            (Tariff::Conversion, 2_001, UltraHd, 1, 2),
            (Tariff::Generation, 3_000, Hd, 1, 48),
            (Tariff::Generation, 3_000, FullHd, 1, 63),
            (Tariff::Generation, 3_000, UltraHd, 1, 126),
            (Tariff::Avatar, 3_001, FullHd, 1, 64),
            (Tariff::Keying, u64::MAX, UltraHd, 1, 36_893_488_147_419_104),
        ] {
            assert_eq!(
                price_credits(tariff, duration_ms, resolution, output_count),
                expected,
                "{tariff:?} {duration_ms} {output_count}"
            );
        }
    }

    #[test]
    fn a_picture_is_classed_by_its_pixels() {
        for (width, height, expected) in
            [(1_280, 720, "720p"), (1_282, 720, "1080p"), (1_080, 1_920, "1080p"), (1_920, 1_088, "2160p")]
        {
            assert_eq!(Resolution::of(PixelSize { width, height }).as_str(), expected);
            assert_eq!(Resolution::find(expected).unwrap().as_str(), expected);
        }
    }
}
