//! One block of the result over the screen, compared with the source.

#![expect(clippy::cast_precision_loss, reason = "pixels of a block are few")]

use super::blocks::{PIXELS, Ycc, squared_distance};
use super::source_blocks::SourceBlock;
use keyer::color::{dot, scaled, subtract};

/// Differences up to so many variances of the screen's noise are ignored.
pub const NOISE_MARGIN: f32 = 4.0;
/// Share of the squared distance between subject and screen that is ignored at a sharp edge, where
/// lenses, sharpening and codecs leave neither colour.
const EDGE_MARGIN: f32 = 0.08;
/// Most of the screen's light that despill may take from a visible pixel without counting as a
/// difference.
const DESPILL_MAX: f32 = 0.5;
/// Difference of brightness of the screen behind a soft pixel that does not count; a quarter of it
/// at an alpha of one half.
const SHADE_BEHIND: f32 = 0.4;

/// One block of the source, and its pixels in the result.
pub struct Composite<'a> {
    pub alphas: [f32; PIXELS],
    pub colors: [Ycc; PIXELS],
    pub shown: &'a SourceBlock,
    pub lumas: &'a [f32; PIXELS],
    pub noise: f32,
}

impl Composite<'_> {
    /// Squared differences of each pixel from the source, beyond what noise, edges and despill
    /// explain.
    pub fn differences(&self, screen: Ycc) -> [f32; PIXELS] {
        let (alphas, colors) = (&self.alphas, &self.colors);
        let over = |pixel: usize, channel: usize| screen[channel] + alphas[pixel] * (colors[pixel][channel] - screen[channel]);
        let mean = [0, 1, 2].map(|channel| (0..PIXELS).map(|pixel| over(pixel, channel)).sum::<f32>() / PIXELS as f32);
        let visible = alphas.iter().sum::<f32>() / PIXELS as f32;
        let slope = alphas.iter().copied().fold(0.0, f32::max) - alphas.iter().copied().fold(1.0, f32::min);
        let apart = subtract(self.shown.color, mean);
        let allowed = dot(apart, screen) / dot(screen, screen).max(1.0);
        let despill_max = DESPILL_MAX * visible * (1.0 - self.shown.screen);
        let allowed = scaled(screen, allowed.clamp(-SHADE_BEHIND * visible * (1.0 - visible), despill_max));
        // Chroma is known per block only.
        let tint = [1, 2].map(|channel| apart[channel] - allowed[channel]);
        let tint = tint[0] * tint[0] + tint[1] * tint[1];
        std::array::from_fn(|pixel| {
            let light = self.lumas[pixel] - over(pixel, 0) - allowed[0];
            let edge = EDGE_MARGIN * slope * slope * squared_distance(colors[pixel], screen);
            (light * light + tint - NOISE_MARGIN * self.noise - edge).max(0.0)
        })
    }
}
