//! How a block's alpha lies within the block: its neighbours give a slope, luma gives the detail that chroma has lost.

use crate::chroma::Siting;
use crate::color::smoothstep;
use crate::edge::Edge;
use crate::sharpness::EdgeMixture;

/// Between these contrasts of neighbouring blocks an edge is taken for sharp, and its slope is raised by so much.
const SHARP_CONTRAST: (f32, f32) = (0.6, 1.0);
const SHARP_SLOPE: f32 = 3.0;
/// How far pixels stray from the slope: this share of the neighbours' contrast, and a little always.
const STRAY_SHARE: f32 = 0.35;
const STRAY_MIN: f32 = 0.02;
/// How far luma strays: this many times the noise of a block's mean, and a little always. Units: of 255.
const LUMA_NOISE: f32 = 2.0;
const LUMA_NOISE_MIN: f32 = 1.0;
/// How strictly the pixels' mean must be the block's alpha: chroma's filter is wider than a block.
const MEAN_HELD: f32 = 0.4;

/// An edge is fitted where neighbouring blocks differ by this much, and believed if it misses them by no more than this.
const EDGE_CONTRAST: (f32, f32) = (0.5, 0.8);
const EDGE_MISFIT: (f32, f32) = (0.03, 0.09);

/// In a clip of sharp edges it has the last word, if it misses the blocks and their pixels' luma by no more than this.
const LAST_MISFIT: (f32, f32) = (0.04, 0.10);
const LAST_LUMA_MISFIT: (f32, f32) = (0.12, 0.25);
/// Luma tells pixels apart if its noise is less than this share of the way from screen to subject.
const LUMA_UNSURE_MAX: f32 = 0.1;

/// The alphas of nine blocks.
pub type Nine = [[f32; 3]; 3];

/// A block in front of its screen.
#[derive(Debug, Clone, Copy)]
pub struct Block {
    /// Of its pixels: left to right, top to bottom.
    pub lumas: [f32; 4],
    /// Luma of subject and screen.
    pub subject: f32,
    pub screen: f32,
    /// One deviation of the blocks' luma.
    pub noise: f32,
    /// How far the clip's edges may be held for sharp, 0 to 1.
    pub sharpness: f32,
}

impl Block {
    fn room(&self) -> f32 {
        self.subject - self.screen
    }

    fn stray(&self) -> f32 {
        self.noise * LUMA_NOISE + LUMA_NOISE_MIN
    }
}

/// The alphas of a block's pixels, from their luma: left to right, top to bottom; `across` and `down` are 1 or 2. Takes
/// note of how mixed they are at an edge.
pub fn spread(block: &Block, near: &Nine, (across, down): (usize, usize), siting: Siting, mixture: &mut EdgeMixture) -> [f32; 4] {
    let whole = near[1][1];
    let (mut low, mut high) = (whole, whole);
    for alpha in near.as_flattened() {
        low = low.min(*alpha);
        high = high.max(*alpha);
    }
    if (across == 1 && down == 1) || high <= 0.0 || low >= 1.0 {
        return [whole; 4];
    }
    let contrast = high - low;
    let (slope, whole) =
        sloped(near, across, down, siting, 1.0 + SHARP_SLOPE * smoothstep(SHARP_CONTRAST.0, SHARP_CONTRAST.1, contrast));
    let sharp = smoothstep(EDGE_CONTRAST.0, EDGE_CONTRAST.1, contrast);
    if sharp <= 0.0 {
        return by_luma(block, slope, whole, contrast);
    }
    let edge = Edge::fit(near, across, down, siting);
    let belief = sharp * believed(EDGE_MISFIT, edge.misfit);
    let (slope, whole) = (mixed(slope, edge.alphas, belief), whole + (mean(edge.alphas) - whole) * belief);
    let last = block.sharpness * sharp * believed(LAST_MISFIT, edge.misfit) * agreed(block, &edge, mixture);
    mixed(by_luma(block, slope, whole, contrast), edge.alphas, last)
}

/// Moves pixels from a slope to where their luma wants them, and all of them towards the block's mean.
fn by_luma(block: &Block, slope: [f32; 4], whole: f32, contrast: f32) -> [f32; 4] {
    let (room, noise) = (block.room(), block.stray());
    let stray = contrast * STRAY_SHARE + STRAY_MIN;
    let gain = stray * stray * room / (stray * stray * room * room + noise * noise);
    let mut alphas = slope;
    for (alpha, luma) in alphas.iter_mut().zip(block.lumas) {
        *alpha = (*alpha + gain * (luma - block.screen - *alpha * room)).clamp(0.0, 1.0);
    }
    moved(alphas, (whole - mean(alphas)) * MEAN_HELD)
}

/// How far luma agrees with an edge; takes note of it where luma can tell.
fn agreed(block: &Block, edge: &Edge, mixture: &mut EdgeMixture) -> f32 {
    let room = block.room();
    let unsure = block.stray() / room.abs().max(1.0);
    let found = block.lumas.map(|luma| (luma - block.screen) / if room.abs() < 1.0 { 1.0 } else { room });
    if unsure < LUMA_UNSURE_MAX && edge.misfit < LAST_MISFIT.1 {
        mixture.add(edge.alphas, found);
    }
    let misses: f32 = edge.alphas.iter().zip(found).map(|(edge, found)| (edge - found).powi(2)).sum();
    believed(LAST_LUMA_MISFIT, (misses * 0.25).sqrt() - unsure)
}

fn believed((full, none): (f32, f32), misfit: f32) -> f32 {
    1.0 - smoothstep(full, none, misfit)
}

fn mixed(from: [f32; 4], to: [f32; 4], share: f32) -> [f32; 4] {
    [0, 1, 2, 3].map(|pixel| from[pixel] + (to[pixel] - from[pixel]) * share)
}

/// Between the blocks' middles, steeper by `factor`; and the pixels' mean, which is held.
fn sloped(near: &Nine, across: usize, down: usize, siting: Siting, factor: f32) -> ([f32; 4], f32) {
    let offsets = siting.offsets(across);
    let mut slope = [0.0; 4];
    for (index, alpha) in slope.iter_mut().enumerate() {
        let offset = offsets[index % 2];
        let column = if offset < 0.0 { 0 } else { 2 };
        let row = if down == 1 { 1 } else { index / 2 * 2 };
        let along = |row: usize| near[row][1] + (near[row][column] - near[row][1]) * offset.abs();
        *alpha = along(1) + (along(row) - along(1)) * 0.25;
    }
    let middle = mean(slope);
    // Pixels around a chroma sample have its mean; beside it, they have what lies between the samples.
    let whole = if siting == Siting::Left && across == 2 { middle } else { near[1][1] };
    let mut alphas = slope.map(|alpha| (whole + factor * (alpha - middle)).clamp(0.0, 1.0));
    alphas = moved(alphas, whole - mean(alphas));
    (moved(alphas, whole - mean(alphas)), whole)
}

fn moved(alphas: [f32; 4], more: f32) -> [f32; 4] {
    alphas.map(|alpha| (alpha + more).clamp(0.0, 1.0))
}

fn mean([a, b, c, d]: [f32; 4]) -> f32 {
    (a + b + c + d) * 0.25
}

#[cfg(test)]
mod tests {
    use super::*;

    const EDGE: Nine = [[0.0, 0.5, 1.0], [0.0, 0.5, 1.0], [0.0, 0.5, 1.0]];
    /// A sharp edge whose last pixels chroma's filter has mixed.
    const FILTERED: Nine = [[0.07, 0.5, 0.93], [0.07, 0.5, 0.93], [0.07, 0.5, 0.93]];

    /// Its subject is as bright as its screen, so luma says nothing.
    const GREY: Block = Block { lumas: [120.0; 4], subject: 120.0, screen: 120.0, noise: 1.0, sharpness: 0.0 };

    fn spread_over(block: &Block, near: &Nine) -> [f32; 4] {
        spread(block, near, (2, 2), Siting::Center, &mut EdgeMixture::default())
    }

    #[test]
    fn luma_tells_which_pixels_of_a_block_are_subject() {
        let block = Block { lumas: [120.0, 220.0, 120.0, 220.0], subject: 220.0, ..GREY };
        let alphas = spread_over(&block, &EDGE);
        for (alpha, expected) in alphas.iter().zip([0.0, 1.0, 0.0, 1.0]) {
            assert!((alpha - expected).abs() < 0.06, "{alphas:?}");
        }
    }

    #[test]
    fn a_sharp_edge_stays_sharp_where_luma_says_nothing() {
        let alphas = spread_over(&GREY, &EDGE);
        assert!(alphas[0] < 0.06 && alphas[1] > 0.94, "{alphas:?}");
    }

    #[test]
    fn an_edge_is_sharper_in_a_clip_of_sharp_edges_unless_its_luma_objects() {
        let steepness = |block: &Block| {
            let alphas = spread_over(block, &FILTERED);
            alphas[1] - alphas[0]
        };
        assert!(steepness(&Block { sharpness: 1.0, ..GREY }) > steepness(&GREY) + 0.01);
        let soft = Block { lumas: [150.0, 190.0, 150.0, 190.0], subject: 220.0, ..GREY };
        assert!((steepness(&Block { sharpness: 1.0, ..soft }) - steepness(&soft)).abs() < 0.02);
    }

    #[test]
    fn a_soft_slope_stays_soft() {
        let alphas = spread_over(&Block { sharpness: 1.0, ..GREY }, &[[0.4, 0.5, 0.6]; 3]);
        assert!((alphas[0] - 0.475).abs() < 0.01 && (alphas[1] - 0.525).abs() < 0.01, "{alphas:?}");
    }
}
