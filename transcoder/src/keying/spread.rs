//! How a block's alpha lies within the block: its neighbours give a slope, luma gives the detail that chroma has lost.

use super::color::smoothstep;
use super::edge::Edge;

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

/// The alphas of nine blocks.
pub type Nine = [[f32; 3]; 3];

/// A block in front of its screen.
#[derive(Debug, Clone, Copy)]
pub struct Block {
    /// Luma of subject and screen.
    pub subject: f32,
    pub screen: f32,
    /// One deviation of the blocks' luma.
    pub noise: f32,
}

/// The alphas of a block's pixels, from their luma: left to right, top to bottom; `across` and `down` are 1 or 2.
pub fn spread(block: Block, near: &Nine, lumas: [f32; 4], across: usize, down: usize) -> [f32; 4] {
    let whole = near[1][1];
    let (mut low, mut high) = (whole, whole);
    for alpha in near.as_flattened() {
        low = low.min(*alpha);
        high = high.max(*alpha);
    }
    if (across == 1 && down == 1) || high <= 0.0 || low >= 1.0 {
        return [whole; 4];
    }
    let slope = sloped(near, across, down, 1.0 + SHARP_SLOPE * smoothstep(SHARP_CONTRAST.0, SHARP_CONTRAST.1, high - low));
    let (slope, whole) = edged(slope, near, high - low, (across, down));
    let room = block.subject - block.screen;
    let stray = (high - low) * STRAY_SHARE + STRAY_MIN;
    let noise = block.noise * LUMA_NOISE + LUMA_NOISE_MIN;
    let gain = stray * stray * room / (stray * stray * room * room + noise * noise);
    let mut alphas = slope;
    for (alpha, luma) in alphas.iter_mut().zip(lumas) {
        *alpha = (*alpha + gain * (luma - block.screen - *alpha * room)).clamp(0.0, 1.0);
    }
    let more = (whole - mean(alphas)) * MEAN_HELD;
    moved(alphas, more)
}

/// Where the blocks look like one sharp edge, that edge and its mean; luma may still object.
fn edged(slope: [f32; 4], near: &Nine, contrast: f32, (across, down): (usize, usize)) -> ([f32; 4], f32) {
    let (whole, sharp) = (near[1][1], smoothstep(EDGE_CONTRAST.0, EDGE_CONTRAST.1, contrast));
    if sharp <= 0.0 {
        return (slope, whole);
    }
    let edge = Edge::fit(near, across, down);
    let belief = sharp * (1.0 - smoothstep(EDGE_MISFIT.0, EDGE_MISFIT.1, edge.misfit));
    let mut alphas = slope;
    for (alpha, edge) in alphas.iter_mut().zip(edge.alphas) {
        *alpha += (edge - *alpha) * belief;
    }
    (alphas, whole + (mean(edge.alphas) - whole) * belief)
}

fn moved([a, b, c, d]: [f32; 4], more: f32) -> [f32; 4] {
    [(a + more).clamp(0.0, 1.0), (b + more).clamp(0.0, 1.0), (c + more).clamp(0.0, 1.0), (d + more).clamp(0.0, 1.0)]
}

/// Between the blocks' middles, steeper by `factor`, with the block's mean held.
fn sloped(near: &Nine, across: usize, down: usize, factor: f32) -> [f32; 4] {
    let whole = near[1][1];
    let mut slope = [0.0; 4];
    for (index, alpha) in slope.iter_mut().enumerate() {
        let column = if across == 1 { 1 } else { index % 2 * 2 };
        let row = if down == 1 { 1 } else { index / 2 * 2 };
        *alpha = (9.0 * whole + 3.0 * near[1][column] + 3.0 * near[row][1] + near[row][column]) * (1.0 / 16.0);
    }
    let middle = mean(slope);
    let mut alphas = slope;
    for alpha in &mut alphas {
        *alpha = (whole + factor * (*alpha - middle)).clamp(0.0, 1.0);
    }
    alphas = moved(alphas, whole - mean(alphas));
    moved(alphas, whole - mean(alphas))
}

fn mean([a, b, c, d]: [f32; 4]) -> f32 {
    (a + b + c + d) * 0.25
}

#[cfg(test)]
mod tests {
    use super::*;

    const EDGE: Nine = [[0.0, 0.5, 1.0], [0.0, 0.5, 1.0], [0.0, 0.5, 1.0]];

    #[test]
    fn luma_tells_which_pixels_of_a_block_are_subject() {
        let block = Block { subject: 220.0, screen: 120.0, noise: 1.0 };
        let alphas = spread(block, &EDGE, [120.0, 220.0, 120.0, 220.0], 2, 2);
        for (alpha, expected) in alphas.iter().zip([0.0, 1.0, 0.0, 1.0]) {
            assert!((alpha - expected).abs() < 0.06, "{alphas:?}");
        }
    }

    #[test]
    fn a_sharp_edge_stays_sharp_where_luma_says_nothing() {
        let block = Block { subject: 120.0, screen: 120.0, noise: 1.0 };
        let alphas = spread(block, &EDGE, [120.0; 4], 2, 2);
        assert!(alphas[0] < 0.06 && alphas[1] > 0.94, "{alphas:?}");
    }

    #[test]
    fn a_soft_slope_stays_soft() {
        let block = Block { subject: 120.0, screen: 120.0, noise: 1.0 };
        let alphas = spread(block, &[[0.4, 0.5, 0.6]; 3], [120.0; 4], 2, 2);
        assert!((alphas[0] - 0.475).abs() < 0.01 && (alphas[1] - 0.525).abs() < 0.01, "{alphas:?}");
    }
}
