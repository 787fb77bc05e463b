//! Alpha of the pixels of a block, from the alphas of the blocks around it and from luma, which has
//! full resolution.

use crate::blocks::Siting;
use crate::color::{greater, lesser, smoothstep};
use crate::edge_sharpness::MixedPixels;
use crate::straight_edge::StraightEdge;

/// Alpha contrast of neighbouring blocks from which an edge counts as sharp, and fully; and the
/// factor by which its slope is then raised.
const SHARP_CONTRAST: (f32, f32) = (0.6, 1.0);
const SHARP_SLOPE: f32 = 3.0;
/// Expected deviation of pixels from the interpolated slope: this share of the alpha contrast, plus
/// the minimum.
const ALPHA_TOLERANCE_SHARE: f32 = 0.35;
const ALPHA_TOLERANCE_MIN: f32 = 0.02;
/// Expected deviation of a pixel's luma: this many times the noise of a block's mean, plus the
/// minimum. Units: of 255.
const LUMA_NOISE: f32 = 2.0;
const LUMA_NOISE_MIN: f32 = 1.0;
/// Share of the foreground's luma variance nearby that is expected within an opaque block; it falls
/// with the eighth power of alpha: stripes end in hard edges of nearly opaque blocks, hair has
/// the colour that was measured. Tuned: generator seeds 1 and 7, all kinds.
const TEXTURE_SHARE: f32 = 0.15;
/// Share by which the mean of the pixels is moved to the block's alpha; not 1, since chroma's
/// filter is wider than a block.
const MEAN_WEIGHT: f32 = 0.4;

/// Alpha contrast from which a straight edge is fitted, and misfit from full confidence to none.
const EDGE_CONTRAST: (f32, f32) = (0.5, 0.8);
const EDGE_MISFIT: (f32, f32) = (0.03, 0.09);

/// In a clip of sharp edges the fitted edge replaces the result, if its misfit to the blocks and to
/// luma is in these ranges, from fully to not at all.
const FINAL_MISFIT: (f32, f32) = (0.04, 0.10);
const FINAL_LUMA_MISFIT: (f32, f32) = (0.12, 0.25);
/// Luma is used to measure mixed pixels where its noise is below this share of the luma contrast.
const LUMA_UNCERTAINTY_MAX: f32 = 0.1;

/// Alphas of a block and its neighbours, row by row.
pub type Alphas3x3 = [[f32; 3]; 3];

/// Luma of a block and of the colours that mix in it.
#[derive(Debug, Clone, Copy)]
pub struct BlockLuma {
    /// Luma of its pixels, left to right, top to bottom.
    pub lumas: [f32; 4],
    /// Luma of the foreground.
    pub foreground: f32,
    /// Variance of the foreground's luma nearby, by which single pixels may differ from it.
    pub variance: f32,
    /// Luma of the clean plate.
    pub screen: f32,
    /// Standard deviation of the luma of blocks.
    pub noise: f32,
    /// [`EdgeSharpness::factor`](crate::edge_sharpness::EdgeSharpness::factor) of the shot.
    pub sharpness: f32,
}

impl BlockLuma {
    #[inline]
    fn luma_contrast(&self) -> f32 {
        self.foreground - self.screen
    }

    #[inline]
    fn luma_tolerance(&self) -> f32 {
        self.noise * LUMA_NOISE + LUMA_NOISE_MIN
    }
}

/// Place of a block's pixels among the chroma samples around it, as factors, which need no branch.
#[derive(Debug, Clone, Copy)]
pub struct PixelLayout {
    /// Weights of the blocks to the left of a left pixel and to the right of a right one, and of
    /// those above or below.
    across: [f32; 2],
    down: f32,
    /// 1 where the mean of the pixels is the interpolated alpha, 0 where it is the block's own:
    /// pixels centred on the chroma sample have its alpha as their mean.
    is_beside: f32,
    /// 1 where a block is one pixel.
    is_single: bool,
    /// Distance of a pixel's centre from the middle of all pixels. Units: blocks.
    pub pixel_offsets: [f32; 2],
    /// Distance of the middle of all pixels from the chroma sample. Units: blocks.
    pub siting_shift: f32,
}

impl PixelLayout {
    /// Of blocks with `across` × `down` pixels, each 1 or 2.
    #[must_use]
    pub fn new(across: usize, down: usize, siting: Siting) -> Self {
        let offsets = siting.offsets(across);
        let offset = |pixels: usize| if pixels == 1 { 0.0 } else { 0.25 };
        Self {
            across: offsets.map(f32::abs),
            down: offset(down),
            is_beside: f32::from(u8::from(siting == Siting::Left && across == 2)),
            is_single: across == 1 && down == 1,
            pixel_offsets: [offset(across), offset(down)],
            siting_shift: (offsets[0] + offsets[1]) * 0.5,
        }
    }
}

/// Alphas of a block's pixels, left to right, top to bottom; and those pixels as measured where
/// they are at an edge whose luma is known, else nothing.
///
/// Without branches on values, so that a loop over blocks is compiled to vector instructions.
#[must_use]
#[inline]
pub fn upsample_alpha(block: &BlockLuma, neighbours: &Alphas3x3, layout: PixelLayout) -> ([f32; 4], MixedPixels) {
    let own_alpha = neighbours[1][1];
    let [above, own, below] = *neighbours;
    let low = |[a, b, c]: [f32; 3]| lesser(lesser(a, b), c);
    let high = |[a, b, c]: [f32; 3]| greater(greater(a, b), c);
    let [low, high] = [low([low(above), low(own), low(below)]), high([high(above), high(own), high(below)])];
    let contrast = high - low;
    let steepness = 1.0 + SHARP_SLOPE * smoothstep(SHARP_CONTRAST.0, SHARP_CONTRAST.1, contrast);
    let (slope, block_alpha) = interpolated(neighbours, layout, steepness);
    let sharp_weight = smoothstep(EDGE_CONTRAST.0, EDGE_CONTRAST.1, contrast);
    let edge = StraightEdge::fit(neighbours, layout);
    let confidence = sharp_weight * fit_confidence(EDGE_MISFIT, edge.misfit);
    let (slope, block_alpha) =
        (mixed(slope, edge.alphas, confidence), block_alpha + (mean(edge.alphas) - block_alpha) * confidence);
    let (agreement, mixture) = luma_agreement(block, &edge);
    let final_weight = block.sharpness * sharp_weight * fit_confidence(FINAL_MISFIT, edge.misfit) * agreement;
    let alphas = mixed(by_luma(block, slope, block_alpha, contrast), edge.alphas, final_weight);
    let is_flat = layout.is_single || high <= 0.0 || low >= 1.0;
    let is_measured = !is_flat && sharp_weight > 0.0;
    (each_pixel(|pixel| if is_flat { own_alpha } else { alphas[pixel] }), mixture.scaled(f32::from(u8::from(is_measured))))
}

/// Corrects interpolated alphas by luma (a Wiener gain), then moves their mean towards the block's
/// alpha.
#[inline]
fn by_luma(block: &BlockLuma, slope: [f32; 4], block_alpha: f32, contrast: f32) -> [f32; 4] {
    let (luma_contrast, noise) = (block.luma_contrast(), block.luma_tolerance());
    let alpha_tolerance = contrast * ALPHA_TOLERANCE_SHARE + ALPHA_TOLERANCE_MIN;
    let fourth_power = block_alpha * block_alpha * block_alpha * block_alpha;
    let texture = TEXTURE_SHARE * fourth_power * fourth_power * block.variance;
    let gain = alpha_tolerance * alpha_tolerance * luma_contrast
        / (alpha_tolerance * alpha_tolerance * luma_contrast * luma_contrast + noise * noise + texture);
    let alphas = each_pixel(|pixel| {
        let (alpha, luma) = (slope[pixel], block.lumas[pixel]);
        (alpha + gain * (luma - block.screen - alpha * luma_contrast)).clamp(0.0, 1.0)
    });
    shifted(alphas, (block_alpha - mean(alphas)) * MEAN_WEIGHT)
}

/// Confidence, by luma, that an edge is right; and its pixels where luma can tell, else nothing.
#[inline]
fn luma_agreement(block: &BlockLuma, edge: &StraightEdge) -> (f32, MixedPixels) {
    let luma_contrast = block.luma_contrast();
    let uncertainty = block.luma_tolerance() / greater(luma_contrast.abs(), 1.0);
    let scale = 1.0 / if luma_contrast.abs() < 1.0 { 1.0 } else { luma_contrast };
    let luma_alphas = each_pixel(|pixel| (block.lumas[pixel] - block.screen) * scale);
    let is_known = uncertainty < LUMA_UNCERTAINTY_MAX && edge.misfit < FINAL_MISFIT.1;
    let mixture = MixedPixels::of(edge.alphas, luma_alphas).scaled(f32::from(u8::from(is_known)));
    let [a, b, c, d] = each_pixel(|pixel| edge.alphas[pixel] - luma_alphas[pixel]);
    let squares = a * a + b * b + c * c + d * d;
    (fit_confidence(FINAL_LUMA_MISFIT, (squares * 0.25).sqrt() - uncertainty), mixture)
}

/// A value of each pixel of a block. Written out: [`array::map`] is a loop, and a loop within the
/// loop over blocks keeps that from being compiled to vector instructions.
#[expect(clippy::inline_always, reason = "as above")]
#[inline(always)]
pub fn each_pixel<T>(value: impl Fn(usize) -> T) -> [T; 4] {
    [value(0), value(1), value(2), value(3)]
}

#[inline]
fn fit_confidence((full, none): (f32, f32), misfit: f32) -> f32 {
    1.0 - smoothstep(full, none, misfit)
}

#[inline]
fn mixed(from: [f32; 4], to: [f32; 4], share: f32) -> [f32; 4] {
    each_pixel(|pixel| from[pixel] + (to[pixel] - from[pixel]) * share)
}

/// Bilinear interpolation between the centres of blocks, steeper by `factor`; and the pixels' mean,
/// which is kept.
#[inline]
fn interpolated(neighbours: &Alphas3x3, layout: PixelLayout, factor: f32) -> ([f32; 4], f32) {
    let slope = each_pixel(|pixel| {
        let along = |row: [f32; 3]| row[1] + (row[pixel % 2 * 2] - row[1]) * layout.across[pixel % 2];
        let (own, far) = (along(neighbours[1]), along(neighbours[pixel / 2 * 2]));
        own + (far - own) * layout.down
    });
    let (own, middle) = (neighbours[1][1], mean(slope));
    let block_alpha = own + (middle - own) * layout.is_beside;
    let mut alphas = each_pixel(|pixel| (block_alpha + factor * (slope[pixel] - middle)).clamp(0.0, 1.0));
    alphas = shifted(alphas, block_alpha - mean(alphas));
    (shifted(alphas, block_alpha - mean(alphas)), block_alpha)
}

#[inline]
fn shifted(alphas: [f32; 4], more: f32) -> [f32; 4] {
    each_pixel(|pixel| (alphas[pixel] + more).clamp(0.0, 1.0))
}

#[inline]
fn mean([a, b, c, d]: [f32; 4]) -> f32 {
    (a + b + c + d) * 0.25
}

#[cfg(test)]
mod tests {
    use super::*;

    const EDGE: Alphas3x3 = [[0.0, 0.5, 1.0], [0.0, 0.5, 1.0], [0.0, 0.5, 1.0]];
    /// A sharp edge as chroma's filter leaves it.
    const FILTERED: Alphas3x3 = [[0.07, 0.5, 0.93], [0.07, 0.5, 0.93], [0.07, 0.5, 0.93]];

    /// Foreground and screen of equal luma.
    const EQUAL_LUMA: BlockLuma =
        BlockLuma { lumas: [120.0; 4], foreground: 120.0, variance: 0.0, screen: 120.0, noise: 1.0, sharpness: 0.0 };

    fn upsampled(block: &BlockLuma, neighbours: &Alphas3x3) -> [f32; 4] {
        upsample_alpha(block, neighbours, PixelLayout::new(2, 2, Siting::Center)).0
    }

    #[test]
    fn luma_tells_which_pixels_of_a_block_are_subject() {
        let block = BlockLuma { lumas: [120.0, 220.0, 120.0, 220.0], foreground: 220.0, ..EQUAL_LUMA };
        let alphas = upsampled(&block, &EDGE);
        for (alpha, expected) in alphas.iter().zip([0.0, 1.0, 0.0, 1.0]) {
            assert!((alpha - expected).abs() < 0.06, "{alphas:?}");
        }
    }

    #[test]
    fn a_sharp_edge_stays_sharp_where_luma_says_nothing() {
        let alphas = upsampled(&EQUAL_LUMA, &EDGE);
        assert!(alphas[0] < 0.06 && alphas[1] > 0.94, "{alphas:?}");
    }

    #[test]
    fn an_edge_is_sharper_in_a_clip_of_sharp_edges_unless_its_luma_objects() {
        let steepness = |block: &BlockLuma| {
            let alphas = upsampled(block, &FILTERED);
            alphas[1] - alphas[0]
        };
        assert!(steepness(&BlockLuma { sharpness: 1.0, ..EQUAL_LUMA }) > steepness(&EQUAL_LUMA) + 0.01);
        let soft = BlockLuma { lumas: [150.0, 190.0, 150.0, 190.0], foreground: 220.0, ..EQUAL_LUMA };
        assert!((steepness(&BlockLuma { sharpness: 1.0, ..soft }) - steepness(&soft)).abs() < 0.02);
    }

    #[test]
    fn luma_opens_no_hole_in_a_subject_whose_luma_varies() {
        // A dark stripe of a bright shirt before a dark screen.
        let solid = [[0.9, 1.0, 1.0]; 3];
        let block = BlockLuma { lumas: [125.0; 4], foreground: 200.0, ..EQUAL_LUMA };
        assert!(upsampled(&block, &solid)[1] < 0.7);
        let alphas = upsampled(&BlockLuma { variance: 2_500.0, ..block }, &solid);
        assert!(alphas[1] > 0.85, "{alphas:?}");
    }

    #[test]
    fn a_soft_slope_stays_soft() {
        let alphas = upsampled(&BlockLuma { sharpness: 1.0, ..EQUAL_LUMA }, &[[0.4, 0.5, 0.6]; 3]);
        assert!((alphas[0] - 0.475).abs() < 0.01 && (alphas[1] - 0.525).abs() < 0.01, "{alphas:?}");
    }
}
