//! Sharpness of a shot's edges: where luma of subject and screen differ, it shows how many pixels
//! of an edge are mixtures.
//!
//! Where they do not differ, subsampled chroma cannot tell a sharp edge from one two pixels wide;
//! the sharpness of the rest of the shot decides.

use crate::color::smoothstep;

/// Mixed pixels of a perfectly sharp edge over those measured by luma: from the first on, edges
/// count as sharp, from the second fully. A clip blurred by σ = 0.8 pixels has 0.4, one by σ = 0.4
/// pixels 0.55.
const SHARP_RATIO: (f32, f32) = (0.42, 0.55);
/// Decay of the measurements per frame.
const MEMORY: f32 = 0.8;
/// Least measured mixed pixels for a result.
const MIXED_PIXELS_MIN: f32 = 8.0;

/// Number of mixed pixels at edges.
#[derive(Debug, Clone, Copy, Default)]
pub struct MixedPixels {
    /// If the edge were sharp.
    pub by_edge: f32,
    /// As measured by luma.
    pub by_luma: f32,
}

impl MixedPixels {
    /// A block's pixels: their alphas if the edge were sharp, and those by luma.
    #[must_use]
    #[inline]
    pub fn of(by_edge: [f32; 4], by_luma: [f32; 4]) -> Self {
        Self { by_edge: mixed_pixels(by_edge), by_luma: mixed_pixels(by_luma) }
    }

    /// A share of the pixels.
    #[must_use]
    #[inline]
    pub fn scaled(self, share: f32) -> Self {
        Self { by_edge: self.by_edge * share, by_luma: self.by_luma * share }
    }

    /// Adds pixels of another block.
    pub fn add(&mut self, other: Self) {
        self.by_edge += other.by_edge;
        self.by_luma += other.by_luma;
    }
}

/// The edge sharpness of a shot.
#[derive(Debug, Clone, Copy, Default)]
pub struct EdgeSharpness {
    total: MixedPixels,
}

impl EdgeSharpness {
    /// Adds the measurements of a frame and resets them; decays those of the frames before.
    pub fn update<'a>(&mut self, measured: impl Iterator<Item = &'a mut MixedPixels>) {
        self.total = MixedPixels { by_edge: self.total.by_edge * MEMORY, by_luma: self.total.by_luma * MEMORY };
        for measured in measured {
            self.total.by_edge += measured.by_edge;
            self.total.by_luma += measured.by_luma;
            *measured = MixedPixels::default();
        }
    }

    /// 0 for soft or unknown edges to 1 for sharp ones.
    #[must_use]
    pub fn factor(self) -> f32 {
        if self.total.by_luma < MIXED_PIXELS_MIN {
            return 0.0;
        }
        smoothstep(SHARP_RATIO.0, SHARP_RATIO.1, self.total.by_edge / self.total.by_luma)
    }
}

/// Number of mixed pixels, each weighted by 4α(1 − α).
#[inline]
fn mixed_pixels(alphas: [f32; 4]) -> f32 {
    let mixed = |alpha: f32| {
        let alpha = alpha.clamp(0.0, 1.0);
        4.0 * alpha * (1.0 - alpha)
    };
    let [a, b, c, d] = alphas;
    mixed(a) + mixed(b) + mixed(c) + mixed(d)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factor(by_luma: [f32; 4], blocks: usize) -> f32 {
        let mut measured = MixedPixels::default();
        (0..blocks).for_each(|_| measured.add(MixedPixels::of([0.0, 0.9, 0.0, 0.9], by_luma)));
        let mut sharpness = EdgeSharpness::default();
        sharpness.update(std::iter::once(&mut measured));
        sharpness.factor()
    }

    #[test]
    fn edges_are_sharp_where_luma_finds_few_mixtures_and_unknown_without_luma() {
        assert!(factor([0.0, 0.9, 0.0, 0.9], 20) >= 1.0);
        assert!(factor([0.2, 0.7, 0.2, 0.7], 20) <= 0.0);
        assert!(factor([0.0, 0.9, 0.0, 0.9], 1) <= 0.0);
    }
}
