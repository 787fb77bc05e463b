//! Sizes and frame rates within the limits of an output. Pure.

use shared::media::{FrameRate, PixelSize, SOURCE_PIXELS_MAX};

/// A rate this little above the limit is kept: a phone's 30.02 is not halved where the limit is 30.
/// Units: percent.
const RATE_TOLERANCE_PERCENT: u64 = 3;
/// Largest plausible pixel aspect; others are broken tags and ignored.
const PIXEL_ASPECT_MAX: u32 = 4;

/// The size with square pixels: one side is stretched, so that no detail is lost; where that
/// exceeds the limit of sources, the other is shrunk.
pub fn squared(shown: PixelSize, pixel_aspect: Option<(u32, u32)>) -> PixelSize {
    let Some((across, down)) = pixel_aspect
        .filter(|(across, down)| across.div_ceil(*down) <= PIXEL_ASPECT_MAX && down.div_ceil(*across) <= PIXEL_ASPECT_MAX)
    else {
        return shown;
    };
    let wider = PixelSize { width: scaled(shown.width, across, down).max(1), height: shown.height };
    let higher = PixelSize { width: shown.width, height: scaled(shown.height, down, across).max(1) };
    let (stretched, shrunk) = if across > down { (wider, higher) } else { (higher, wider) };
    if stretched.pixels() <= SOURCE_PIXELS_MAX { stretched } else { shrunk }
}

/// Scales a size to at most `side_px_max` on the longer side; never enlarges.
pub fn fitted(size: PixelSize, side_px_max: u32) -> PixelSize {
    let longest = size.width.max(size.height);
    if longest <= side_px_max {
        return size;
    }
    let shrunk = |side_px: u32| scaled(side_px, side_px_max, longest).max(1);
    PixelSize { width: shrunk(size.width), height: shrunk(size.height) }
}

/// Scales a size to at most `pixels_max` pixels; never enlarges.
pub fn within(size: PixelSize, pixels_max: u64) -> PixelSize {
    if size.pixels() <= pixels_max {
        return size;
    }
    let (width, height) = (u64::from(size.width), u64::from(size.height));
    // Rounded down to even sides, so that padding for 4:2:0 does not exceed the limit.
    let root = |square: u64| u32::try_from(square.isqrt() & !1).unwrap_or(u32::MAX).max(2);
    PixelSize { width: root(pixels_max * width / height), height: root(pixels_max * height / width) }
}

/// Rounds both sides up to even numbers, for 4:2:0.
pub const fn evened(size: PixelSize) -> PixelSize {
    PixelSize { width: size.width.next_multiple_of(2), height: size.height.next_multiple_of(2) }
}

/// The least n for which keeping every n-th frame stays within the limit; dropping evenly keeps
/// motion even.
pub fn keep_every(rate: FrameRate, frames_per_s_max: u32) -> u64 {
    let limit = u64::from(frames_per_s_max) * u64::from(rate.denominator) * (100 + RATE_TOLERANCE_PERCENT) / 100;
    u64::from(rate.numerator).div_ceil(limit.max(1)).max(1)
}

/// The frame rate of every n-th frame.
pub fn thinned(rate: FrameRate, keep_every: u64) -> FrameRate {
    let step = u32::try_from(keep_every).unwrap_or(u32::MAX);
    let divisor = greatest_common_divisor(rate.numerator, step);
    let numerator = rate.numerator / divisor.max(1);
    // Numerator and denominator of ffmpeg's fractions have 31 bits.
    match rate.denominator.checked_mul(step / divisor.max(1)).filter(|denominator| i32::try_from(*denominator).is_ok()) {
        Some(denominator) => FrameRate { numerator, denominator },
        None => FrameRate { numerator: (rate.numerator / step).max(1), denominator: rate.denominator },
    }
}

fn scaled(side_px: u32, numerator: u32, denominator: u32) -> u32 {
    let product = u64::from(side_px) * u64::from(numerator) + u64::from(denominator / 2);
    u32::try_from(product / u64::from(denominator.max(1))).unwrap_or(u32::MAX)
}

const fn greatest_common_divisor(mut left: u32, mut right: u32) -> u32 {
    while right != 0 {
        (left, right) = (right, left % right);
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn size(width: u32, height: u32) -> PixelSize {
        PixelSize { width, height }
    }

    const fn rate(numerator: u32, denominator: u32) -> FrameRate {
        FrameRate { numerator, denominator }
    }

    #[test]
    fn pixels_become_square_by_stretching_and_a_broken_aspect_is_ignored() {
        assert_eq!(squared(size(720, 576), Some((16, 15))), size(768, 576));
        assert_eq!(squared(size(720, 480), Some((8, 9))), size(720, 540));
        assert_eq!(squared(size(720, 480), Some((1, 900))), size(720, 480));
        assert_eq!(squared(size(720, 480), None), size(720, 480));
        assert_eq!(squared(size(2_000, 4_000), Some((4, 1))), size(2_000, 1_000));
    }

    #[test]
    fn a_picture_is_fitted_by_its_longest_side_and_never_enlarged() {
        assert_eq!(fitted(size(1_920, 1_080), 800), size(800, 450));
        assert_eq!(fitted(size(1_080, 1_920), 640), size(360, 640));
        assert_eq!(fitted(size(100, 50), 800), size(100, 50));
        assert_eq!(fitted(size(8_000, 1), 80), size(80, 1));
        assert_eq!(evened(size(255, 256)), size(256, 256));
        assert_eq!(within(size(3_840, 2_160), 1_920 * 1_080), size(1_920, 1_080));
        assert_eq!(within(size(1_080, 1_920), 1_280 * 720), size(720, 1_280));
        assert_eq!(within(size(1_999, 1_001), 1_280 * 720), size(1_356, 678));
        assert_eq!(within(size(640, 361), 1_280 * 720), size(640, 361));
    }

    #[test]
    fn frames_are_dropped_in_even_steps() {
        for (numerator, denominator, limit, step, kept) in [
            (30, 1, 20, 2, rate(15, 1)),
            (30_000, 1_001, 30, 1, rate(30_000, 1_001)),
            (60_000, 1_001, 30, 2, rate(30_000, 1_001)),
            (24, 1, 15, 2, rate(12, 1)),
            (25, 1, 15, 2, rate(25, 2)),
            (3_050, 100, 30, 1, rate(3_050, 100)),
            (10, 1, 15, 1, rate(10, 1)),
        ] {
            let rate = rate(numerator, denominator);
            assert_eq!(keep_every(rate, limit), step, "{rate}");
            assert_eq!(thinned(rate, step), kept, "{rate}");
        }
        assert_eq!(thinned(rate(2_000_000_011, 1_500_000_000), 3), rate(666_666_670, 1_500_000_000));
    }
}
