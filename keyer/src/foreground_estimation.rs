//! Estimates alpha and foreground of uncertain blocks.

use crate::color::{dot, greater, lesser, mix, plus, scaled, smoothstep, subtract};
use crate::core_colors::CoreColors;
use crate::foreground_model::{ForegroundModel, length};
use crate::plane::{Plane, columns_of};
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
    batch: Batch,
}

/// Blocks that are estimated side by side, and a value of each.
const SIZE: usize = 32;
type Line = [f32; SIZE];

/// Blocks to estimate, and the result.
#[derive(Debug, Clone, Default)]
struct Batch {
    indexes: Vec<usize>,
    screen: [Line; 3],
    /// Differences from the plate: of the block, and the mean one of its neighbourhood.
    difference: [Line; 3],
    around: [Line; 3],
    core: [Line; 3],
    variance: Line,
    /// Of the foreground model in the direction of `around`.
    radius: Line,
    confidence: Line,
    hue_alpha: Line,
    alpha: Line,
    color: [Line; 3],
}

/// The colours from which one block is estimated.
#[derive(Debug, Clone, Copy)]
struct BlockEstimator {
    screen: Ypq,
    core: Ypq,
    has_core: bool,
    noise_square: f32,
    luma_weight: f32,
    radius: f32,
    confidence: f32,
}

impl BlockMatte {
    pub fn new(columns: usize, rows: usize) -> Self {
        Self {
            alpha: Plane::new(columns, rows, 0.0),
            color: vec![[0.0; 3]; columns * rows],
            variance: vec![0.0; columns * rows],
            batch: Batch::default(),
        }
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
            for column in columns_of(labels, UNCERTAIN) {
                let index = row * columns + column;
                let around = mean_3x3(comparison, index);
                let batch = &mut self.batch;
                let place = batch.indexes.len();
                batch.indexes.push(index);
                let (core, variance) = core_colors.color_and_variance(column, row);
                batch.variance[place] = variance;
                (batch.radius[place], batch.confidence[place]) = foreground_model.radius_and_confidence(around);
                batch.hue_alpha[place] = f32::from(trimap.hue_alpha.cells[index]) * (1.0 / OPAQUE);
                let (screen, difference) = (comparison.plate_at(index), comparison.difference_at(index));
                for channel in 0..3 {
                    batch.screen[channel][place] = screen[channel];
                    batch.difference[channel][place] = difference[channel];
                    batch.around[channel][place] = around[channel];
                    batch.core[channel][place] = core[channel];
                }
                if place + 1 == SIZE {
                    self.estimate_batch(noise, core_colors.has_core);
                }
            }
        }
        self.estimate_batch(noise, core_colors.has_core);
    }

    /// Estimates the blocks of the batch and empties it.
    fn estimate_batch(&mut self, noise: Ypq, has_core: bool) {
        self.batch.estimate(noise, has_core);
        let Batch { indexes, variance, alpha, color, .. } = &mut self.batch;
        for (place, index) in indexes.drain(..).enumerate() {
            self.alpha.cells[index] = alpha[place];
            self.color[index] = [color[0][place], color[1][place], color[2][place]];
            self.variance[index] = variance[place];
        }
    }
}

impl Batch {
    /// Estimates all places; those that are not filled have no meaning.
    fn estimate(&mut self, noise: Ypq, has_core: bool) {
        let Self { screen, difference, around, core, variance, radius, confidence, hue_alpha, alpha, color, .. } = self;
        for place in 0..SIZE {
            let at = |lines: &[Line; 3]| -> Ypq { [lines[0][place], lines[1][place], lines[2][place]] };
            let evenness = VARIANCE_HALF / (VARIANCE_HALF + variance[place]);
            let luma_weight = LUMA_WEIGHT.0 + (LUMA_WEIGHT.1 - LUMA_WEIGHT.0) * evenness;
            let noise = weigh_luma(noise, luma_weight);
            let estimator = BlockEstimator {
                screen: at(screen),
                core: at(core),
                has_core,
                noise_square: dot(noise, noise),
                luma_weight,
                radius: radius[place],
                confidence: confidence[place],
            };
            let (estimated, [y, p, q]) = estimator.estimate(at(difference), at(around));
            alpha[place] = snap(lesser(estimated, hue_alpha[place] * HUE_ALPHA_FACTOR_MAX + HUE_ALPHA_TOLERANCE));
            (color[0][place], color[1][place], color[2][place]) = (y, p, q);
        }
    }
}

/// Sets alpha to 0 or 1 where it is nearly that.
#[inline]
fn snap(alpha: f32) -> f32 {
    let alpha = if alpha < ALPHA_MIN { 0.0 } else { alpha };
    if alpha > ALPHA_OPAQUE_MIN { 1.0 } else { alpha }
}

#[inline]
fn weigh_luma([y, p, q]: Ypq, luma_weight: f32) -> Ypq {
    [y * luma_weight, p, q]
}

/// Binomial 3 × 3 mean of the differences: crossing hairs share a colour, and chroma is filtered
/// wider than luma.
fn mean_3x3(comparison: &PlateComparison, index: usize) -> Ypq {
    subtract(comparison.blurred_at(index), comparison.plate_at(index))
}

#[expect(clippy::inline_always, reason = "a loop over blocks that calls a function is not compiled to vector instructions")]
impl BlockEstimator {
    /// Alpha and foreground of a block, from its difference from the plate and the mean one of its
    /// neighbourhood.
    #[inline(always)]
    fn estimate(&self, difference: Ypq, around: Ypq) -> (f32, Ypq) {
        let full = self.foreground(around);
        let (own, line) = (weigh_luma(difference, self.luma_weight), weigh_luma(full, self.luma_weight));
        let alpha = (dot(own, line) / greater(dot(line, line), 1.0)).clamp(0.0, 1.0);
        let scale = 1.0 / greater(alpha, 0.02);
        let own = scaled(difference, scale);
        (alpha, plus(self.screen, mix(full, own, smoothstep(OWN_COLOR_ALPHA.0, OWN_COLOR_ALPHA.1, alpha))))
    }

    /// The foreground minus the plate: the measured direction, with the length that the core nearby
    /// and the foreground model give.
    #[inline(always)]
    fn foreground(&self, around: Ypq) -> Ypq {
        let by_model = length(around) / self.radius;
        let line = subtract(self.core, self.screen);
        let (difference, core) = (weigh_luma(around, self.luma_weight), weigh_luma(line, self.luma_weight));
        let (difference_square, core_square, both) = (dot(difference, difference), dot(core, core), dot(difference, core));
        let cosine = both / greater((difference_square * core_square).sqrt(), 1.0);
        // A clear direction is compared by its length, one in the noise by its projection.
        let signal = difference_square / (difference_square + SIGNAL_HALF * self.noise_square);
        let (along_difference, along_core) = (difference_square / greater(both, 1.0), both / greater(core_square, 1.0));
        let by_core = along_core + (along_difference - along_core) * signal;
        let core_weight = if self.has_core { smoothstep(SIMILAR_MIN, SIMILAR_FULL, cosine) } else { 0.0 };
        let model_weight = (MODEL_WEIGHT_MIN + self.confidence) * (1.0 - CORE_PRECEDENCE * core_weight);
        let alpha = (by_core * core_weight + by_model * model_weight) / (core_weight + model_weight);
        mix(line, scaled(around, 1.0 / greater(alpha, 0.01)), signal)
    }
}
