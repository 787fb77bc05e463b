//! Detects a flat coloured screen and its colour from a few frames.
//!
//! Only the borders of the frames are examined: the screen is visible there whatever the subject
//! does in the middle.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts of border pixels and hue bins are small and never negative"
)]

use ::keyer::color::Rgb;

/// Half the square root of three.
const SIN_60: f32 = 0.866_025_4;
/// Width of the border, as a share of the shorter side.
const BORDER_SHARE: f32 = 0.06;
/// Least share of the border that must be screen in the median frame.
const COVERAGE_MIN: f32 = 0.45;
/// Least chroma of a screen.
/// Units: 255 is a primary at full brightness.
const CHROMA_MIN: f32 = 40.0;
/// Least ratio of chroma to the largest channel: skies and walls are paler.
const SATURATION_MIN: f32 = 0.45;
/// Hues are counted in bins of ten degrees; a screen covers its bin and one on either side.
const HUE_BINS: usize = 36;
/// Largest median difference of neighbouring screen pixels, as a share of the screen's chroma:
/// foliage and fabric differ more.
const ROUGHNESS_MAX: f32 = 0.08;

/// A picture of packed 8-bit RGB.
#[derive(Debug, Clone, Copy)]
pub struct RgbFrame<'a> {
    /// Units: pixels.
    pub width: usize,
    /// Units: pixels.
    pub height: usize,
    /// Three bytes a pixel, rows without padding.
    pub pixels: &'a [u8],
}

/// A flat coloured screen, detected or given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Screen {
    /// Its median colour.
    pub color: Rgb,
    /// Share of the frame borders that it covers in the median frame; 0 to 1.
    pub coverage: f32,
}

impl Screen {
    /// Detects the one screen that all frames share.
    #[must_use]
    pub fn detect(frames: &[RgbFrame<'_>]) -> Option<Self> {
        let borders: Vec<Vec<BorderPixel>> = frames.iter().map(border).filter(|border| !border.is_empty()).collect();
        let hue = dominant_hue(borders.iter().flatten())?;
        let mut coverages: Vec<f32> = borders.iter().map(|border| covered(border, hue)).collect();
        coverages.sort_by(f32::total_cmp);
        let coverage = *coverages.get(coverages.len() / 2)?;
        let screen_pixels: Vec<&BorderPixel> = borders.iter().flatten().filter(|pixel| pixel.has_hue(hue)).collect();
        let color = [0, 1, 2].map(|channel| median(screen_pixels.iter().map(|pixel| pixel.color[channel]).collect()));
        let [x, y] = chroma(color);
        let roughness = median(screen_pixels.iter().map(|pixel| pixel.step).collect()) / x.hypot(y).max(1.0);
        (coverage >= COVERAGE_MIN && roughness <= ROUGHNESS_MAX).then_some(Self { color, coverage })
    }
}

struct BorderPixel {
    color: Rgb,
    /// Bin of its hue; none where the colour is not saturated enough for a screen.
    hue_bin: Option<usize>,
    /// Chroma distance to the pixel two columns to the right.
    step: f32,
}

impl BorderPixel {
    fn has_hue(&self, hue: usize) -> bool {
        self.hue_bin.is_some_and(|bin| {
            let apart = bin.abs_diff(hue);
            apart.min(HUE_BINS - apart) <= 1
        })
    }
}

fn border(frame: &RgbFrame<'_>) -> Vec<BorderPixel> {
    let (width, height) = (frame.width, frame.height);
    let depth = ((width.min(height) as f32 * BORDER_SHARE) as usize).max(2);
    let inside = |position: usize, length: usize| position >= depth && position + depth < length;
    let mut pixels = Vec::new();
    for y in 0..height {
        for x in 0..width {
            if !(inside(x, width) && inside(y, height)) {
                let color = frame.at(x, y);
                let next = if x + 2 < width { frame.at(x + 2, y) } else { frame.at(x.saturating_sub(2), y) };
                let ([a, b], [c, d]) = (chroma(color), chroma(next));
                pixels.push(BorderPixel { color, hue_bin: hue_bin(color), step: (a - c).hypot(b - d) });
            }
        }
    }
    pixels
}

/// Position in the RGB cube projected along its grey axis: grey is the origin, the primaries and
/// their complements lie at equal distance from it.
fn chroma([red, green, blue]: Rgb) -> [f32; 2] {
    [red - (green + blue) * 0.5, SIN_60 * (green - blue)]
}

fn rgb(pixel: &[u8]) -> Rgb {
    match pixel {
        [red, green, blue, ..] => [f32::from(*red), f32::from(*green), f32::from(*blue)],
        _ => [0.0; 3],
    }
}

fn hue_bin(color: Rgb) -> Option<usize> {
    let [x, y] = chroma(color);
    let (strength, brightness) = (x.hypot(y), color.iter().copied().fold(1.0, f32::max));
    if strength < CHROMA_MIN || strength / brightness < SATURATION_MIN {
        return None;
    }
    let turn = y.atan2(x) / std::f32::consts::TAU + 1.0;
    Some((turn * HUE_BINS as f32) as usize % HUE_BINS)
}

fn dominant_hue<'a>(pixels: impl Iterator<Item = &'a BorderPixel>) -> Option<usize> {
    let mut counts = [0_usize; HUE_BINS];
    for bin in pixels.filter_map(|pixel| pixel.hue_bin) {
        if let Some(count) = counts.get_mut(bin) {
            *count += 1;
        }
    }
    // Counted with both neighbours, so that a screen between two bins is not split.
    let around =
        |bin: usize| -> usize { [bin + HUE_BINS - 1, bin, bin + 1].iter().filter_map(|bin| counts.get(bin % HUE_BINS)).sum() };
    (0..HUE_BINS).max_by_key(|bin| (around(*bin), counts.get(*bin).copied())).filter(|bin| around(*bin) > 0)
}

fn covered(border: &[BorderPixel], hue: usize) -> f32 {
    border.iter().filter(|pixel| pixel.has_hue(hue)).count() as f32 / border.len() as f32
}

fn median(mut values: Vec<f32>) -> f32 {
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

impl RgbFrame<'_> {
    fn at(&self, x: usize, y: usize) -> Rgb {
        let start = (y * self.width + x) * 3;
        rgb(self.pixels.get(start..start + 3).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: usize = 120;

    fn painted(paint: impl Fn(usize, usize) -> [u8; 3]) -> Vec<u8> {
        (0..SIZE * SIZE).flat_map(|index| paint(index % SIZE, index / SIZE)).collect()
    }

    fn detect(pixels: &[u8]) -> Option<Screen> {
        Screen::detect(&[RgbFrame { width: SIZE, height: SIZE, pixels }])
    }

    #[test]
    fn screens_of_any_saturated_colour_are_found() {
        for screen in [[0, 177, 64], [0, 71, 187], [200, 20, 180], [60, 150, 70]] {
            let found = detect(&painted(|x, y| if x.abs_diff(60) + y.abs_diff(60) < 40 { [200, 160, 140] } else { screen }));
            let found = found.unwrap();
            for (found, expected) in found.color.iter().zip(screen) {
                assert!((found - f32::from(expected)).abs() < 1.0, "{found} {expected}");
            }
        }
    }

    #[test]
    fn a_subject_may_touch_a_border_and_the_light_may_fall_off() {
        let lit = painted(|x, y| {
            if y > 50 && x.abs_diff(60) < 45 {
                return [90, 70, 60];
            }
            let light = 0.6 + 0.5 * x as f32 / SIZE as f32;
            [0.0, 177.0 * light, 64.0 * light].map(|channel| channel as u8)
        });
        assert!(detect(&lit).is_some());
    }

    #[test]
    fn natural_borders_are_refused() {
        let pale = painted(|_, _| [150, 180, 160]);
        let grey = painted(|x, y| [((x * 31 + y * 17) % 255) as u8; 3]);
        let stripes = painted(|x, _| [[220, 20, 20], [20, 220, 20], [20, 20, 220], [220, 220, 20]][x / 10 % 4]);
        let leaves = painted(|x, y| [10, 60 + ((x * 7919 + y * 104_729) % 140) as u8, 20]);
        for picture in [pale, grey, stripes, leaves] {
            assert_eq!(detect(&picture), None);
        }
    }
}
