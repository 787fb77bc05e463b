//! Estimates alpha and foreground of uncertain blocks.

use crate::color::{dot, mix, plus, scaled, smoothstep, subtract};
use crate::core_colors::CoreColors;
use crate::foreground_model::{ForegroundModel, length};
use crate::plane::Plane;
use crate::plate_comparison::PlateComparison;
use crate::screen_space::Ypq;
use crate::trimap::{CORE, OPAQUE, Trimap, UNCERTAIN};

/// Weight of luma beside chroma, for varied and for even core nearby, and the luma variance of the
/// core half-way between; codecs keep the luma of thin hair. Units: variance, of 255. Tuned:
/// generator seeds 1 and 7, all kinds.
const LUMA_WEIGHT: (f32, f32) = (0.3, 0.8);
const VARIANCE_HALF: f32 = 60.0;
/// Signal at which a measured direction of colour counts half. Units: variances of the noise.
const SIGNAL_HALF: f32 = 8.0;
/// Cosine between the directions of a block and of the core nearby from which the core counts, and
/// from which it counts fully.
const SIMILAR_MIN: f32 = 0.80;
const SIMILAR_FULL: f32 = 0.97;
/// Weight of the foreground model without samples, and the share of its weight that a similar core
/// takes.
const MODEL_WEIGHT_MIN: f32 = 0.05;
const CORE_PRECEDENCE: f32 = 0.85;
/// Between these alphas the estimate changes from the foreground nearby to the block's own unmixed
/// colour.
const OWN_COLOR_ALPHA: (f32, f32) = (0.4, 0.95);

/// Largest alpha of a block: this many times its hue alpha, plus the tolerance. What is as vivid
/// as the plate is the plate in another light, or a crease that the plate has not.
const HUE_ALPHA_FACTOR_MAX: f32 = 2.0;
const HUE_ALPHA_TOLERANCE: f32 = 0.02;

/// Alpha of a block below the first is set to 0, above the second to 1.
const ALPHA_MIN: f32 = 0.02;
const ALPHA_OPAQUE_MIN: f32 = 0.97;

/// Estimated alpha and foreground of a frame's blocks.
#[derive(Debug, Clone)]
pub struct BlockMatte {
    /// Alpha of every block.
    pub alpha: Plane<f32>,
    /// Foreground of uncertain blocks; stale for other blocks.
    pub color: Vec<Ypq>,
    /// Luma variance of the core around uncertain blocks; stale for other blocks.
    pub variance: Vec<f32>,
}

/// The colours from which one block is estimated.
struct BlockEstimator<'a> {
    screen: Ypq,
    core: Ypq,
    has_core: bool,
    noise_square: f32,
    luma_weight: f32,
    foreground_model: &'a ForegroundModel,
}

impl BlockMatte {
    pub fn new(columns: usize, rows: usize) -> Self {
        Self { alpha: Plane::new(columns, rows, 0.0), color: vec![[0.0; 3]; columns * rows], variance: vec![0.0; columns * rows] }
    }

    pub fn update(
        &mut self,
        comparison: &PlateComparison,
        noise: Ypq,
        trimap: &Trimap,
        foreground_model: &ForegroundModel,
        core_colors: &CoreColors,
    ) {
        let columns = self.alpha.columns;
        for row in 0..self.alpha.rows {
            let labels = trimap.labels.row(row);
            for (alpha, label) in self.alpha.row_mut(row).iter_mut().zip(labels) {
                *alpha = f32::from(u8::from(*label == CORE));
            }
            for (column, _) in labels.iter().enumerate().filter(|(_, label)| **label == UNCERTAIN) {
                let index = row * columns + column;
                let (core, variance) = core_colors.color_and_variance(column, row);
                let evenness = VARIANCE_HALF / (VARIANCE_HALF + variance);
                let luma_weight = LUMA_WEIGHT.0 + (LUMA_WEIGHT.1 - LUMA_WEIGHT.0) * evenness;
                let noise = weigh_luma(noise, luma_weight);
                let estimator = BlockEstimator {
                    screen: comparison.plate_at(index),
                    core,
                    has_core: core_colors.has_core,
                    noise_square: dot(noise, noise),
                    luma_weight,
                    foreground_model,
                };
                let (estimated, color) = estimator.estimate(comparison.difference_at(index), mean_3x3(comparison, index));
                let hue_alpha = f32::from(trimap.hue_alpha.cells[index]) * (1.0 / OPAQUE);
                self.alpha.cells[index] = snap(estimated.min(hue_alpha * HUE_ALPHA_FACTOR_MAX + HUE_ALPHA_TOLERANCE));
                self.color[index] = color;
                self.variance[index] = variance;
            }
        }
    }
}

/// Sets alpha to 0 or 1 where it is nearly that.
fn snap(alpha: f32) -> f32 {
    if alpha < ALPHA_MIN {
        0.0
    } else if alpha > ALPHA_OPAQUE_MIN {
        1.0
    } else {
        alpha
    }
}

fn weigh_luma([y, p, q]: Ypq, luma_weight: f32) -> Ypq {
    [y * luma_weight, p, q]
}

/// Binomial 3 × 3 mean of the differences: crossing hairs share a colour, and chroma is filtered
/// wider than luma.
fn mean_3x3(comparison: &PlateComparison, index: usize) -> Ypq {
    subtract(comparison.blurred_at(index), comparison.plate_at(index))
}

impl BlockEstimator<'_> {
    /// Alpha and foreground of a block, from its difference from the plate and the mean one of its
    /// neighbourhood.
    fn estimate(&self, difference: Ypq, around: Ypq) -> (f32, Ypq) {
        let full = self.foreground(around);
        let (own, line) = (weigh_luma(difference, self.luma_weight), weigh_luma(full, self.luma_weight));
        let alpha = (dot(own, line) / dot(line, line).max(1.0)).clamp(0.0, 1.0);
        let scale = 1.0 / alpha.max(0.02);
        let own = scaled(difference, scale);
        (alpha, plus(self.screen, mix(full, own, smoothstep(OWN_COLOR_ALPHA.0, OWN_COLOR_ALPHA.1, alpha))))
    }

    /// The foreground minus the plate: the measured direction, with the length that the core nearby
    /// and the foreground model give.
    fn foreground(&self, around: Ypq) -> Ypq {
        let (radius, confidence) = self.foreground_model.radius_and_confidence(around);
        let by_model = length(around) / radius;
        let line = subtract(self.core, self.screen);
        let (difference, core) = (weigh_luma(around, self.luma_weight), weigh_luma(line, self.luma_weight));
        let (difference_square, core_square, both) = (dot(difference, difference), dot(core, core), dot(difference, core));
        let cosine = both / (difference_square * core_square).sqrt().max(1.0);
        // A clear direction is compared by its length, one in the noise by its projection.
        let signal = difference_square / (difference_square + SIGNAL_HALF * self.noise_square);
        let (along_difference, along_core) = (difference_square / both.max(1.0), both / core_square.max(1.0));
        let by_core = along_core + (along_difference - along_core) * signal;
        let core_weight = if self.has_core { smoothstep(SIMILAR_MIN, SIMILAR_FULL, cosine) } else { 0.0 };
        let model_weight = (MODEL_WEIGHT_MIN + confidence) * (1.0 - CORE_PRECEDENCE * core_weight);
        let alpha = (by_core * core_weight + by_model * model_weight) / (core_weight + model_weight);
        mix(line, scaled(around, 1.0 / alpha.max(0.01)), signal)
    }
}
