//! How sharp a clip's edges are: where luma tells the pixels of a block apart, it tells how many of them are mixtures.
//!
//! Where it tells nothing, chroma of half the size cannot say whether an edge is sharp or two pixels wide; the rest of the
//! clip can.

use crate::color::smoothstep;

/// What a sharp edge would mix, over what luma says is mixed: from where on edges are held for sharp, and surely so.
/// A clip blurred by a deviation of 0.8 pixels shows 0.4, one of 0.4 pixels 0.55.
const SHARP_RATIO: (f32, f32) = (0.42, 0.55);
/// How much of what was seen lasts to the next frame.
const MEMORY: f32 = 0.8;
/// With less than so many pixels of it, nothing is known.
const MIXED_PIXELS_MIN: f32 = 8.0;

/// How mixed the pixels of some edges are.
#[derive(Debug, Clone, Copy, Default)]
pub struct EdgeMixture {
    by_edge: f32,
    by_luma: f32,
}

impl EdgeMixture {
    /// Takes note of a block's pixels: their alphas before a sharp edge, and by their luma.
    pub fn add(&mut self, by_edge: [f32; 4], by_luma: [f32; 4]) {
        self.by_edge += mixed(by_edge);
        self.by_luma += mixed(by_luma);
    }
}

/// What is known of a clip so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sharpness {
    seen: EdgeMixture,
}

impl Sharpness {
    /// Draws on what was noted in a frame, and begins to forget the frames before.
    pub fn learn<'a>(&mut self, noted: impl Iterator<Item = &'a mut EdgeMixture>) {
        self.seen = EdgeMixture { by_edge: self.seen.by_edge * MEMORY, by_luma: self.seen.by_luma * MEMORY };
        for noted in noted {
            self.seen.by_edge += noted.by_edge;
            self.seen.by_luma += noted.by_luma;
            *noted = EdgeMixture::default();
        }
    }

    /// How far edges may be held for sharp, 0 to 1.
    pub fn share(self) -> f32 {
        if self.seen.by_luma < MIXED_PIXELS_MIN {
            return 0.0;
        }
        smoothstep(SHARP_RATIO.0, SHARP_RATIO.1, self.seen.by_edge / self.seen.by_luma)
    }
}

/// How many pixels' worth of both there is; a half each counts most.
fn mixed(alphas: [f32; 4]) -> f32 {
    alphas.map(|alpha| alpha.clamp(0.0, 1.0)).iter().map(|alpha| 4.0 * alpha * (1.0 - alpha)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(by_luma: [f32; 4], blocks: usize) -> f32 {
        let mut noted = EdgeMixture::default();
        (0..blocks).for_each(|_| noted.add([0.0, 0.9, 0.0, 0.9], by_luma));
        let mut sharpness = Sharpness::default();
        sharpness.learn(std::iter::once(&mut noted));
        sharpness.share()
    }

    #[test]
    fn edges_are_sharp_where_luma_finds_few_mixtures_and_unknown_without_luma() {
        assert!(share([0.0, 0.9, 0.0, 0.9], 20) >= 1.0);
        assert!(share([0.2, 0.7, 0.2, 0.7], 20) <= 0.0);
        assert!(share([0.0, 0.9, 0.0, 0.9], 1) <= 0.0);
    }
}
