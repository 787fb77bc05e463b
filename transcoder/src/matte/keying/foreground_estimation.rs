//! Foreground estimation in the uncertain band: alpha of each block, and the colour of the subject
//! in it.

use rayon::prelude::*;

use super::blocks::Blocks;
use super::byte_filters::BAND;
use super::clean_plate::CleanPlate;
use super::core_colors::CoreColors;
use super::foreground_model::{ForegroundModel, length};
use super::screen_space::Ypq;
use super::trimap::{CORE, SCREEN, Trimap};
use ::keyer::color::{dot, mix, plus, scaled, smoothstep, subtract};

/// Weight of luma beside chroma: the brightness of the subject is extrapolated from the core, and
/// less certain than its hue.
const LUMA_WEIGHT: f32 = 0.6;
/// Signal at which a measured direction of colour counts half. Units: variances of the noise.
const SIGNAL_HALF: f32 = 8.0;
/// Cosine between the directions of a block and of the core nearby from which the core counts, and
/// from which it counts fully.
const SIMILAR_MIN: f32 = 0.80;
const SIMILAR_FULL: f32 = 0.97;
/// Weight of the foreground model without samples, and the share of its weight that a similar core
/// takes.
const MODEL_WEIGHT_MIN: f32 = 0.05;
const CORE_PRECEDENCE: f32 = 0.7;
/// Between these alphas the estimate changes from the foreground nearby to the block's own unmixed
/// colour.
const OWN_COLOR_ALPHA: (f32, f32) = (0.4, 0.95);

/// Alpha of a block below the first is set to 0, above the second to 1.
const ALPHA_MIN: f32 = 0.02;
const ALPHA_OPAQUE_MIN: f32 = 0.97;

/// Estimated alpha and foreground of a frame's blocks.
#[derive(Debug)]
pub struct BlockMatte {
    /// Alpha of every block.
    pub alpha: Vec<f32>,
    /// Foreground of uncertain blocks, then luma of the plate behind; stale for other blocks.
    pub color: Vec<[f32; 4]>,
}

/// The colours from which one block is estimated.
struct BlockEstimator<'a> {
    screen: Ypq,
    core: Ypq,
    has_core: bool,
    noise_square: f32,
    foreground_model: &'a ForegroundModel,
}

impl BlockMatte {
    pub fn new(count: usize) -> Self {
        Self { alpha: vec![0.0; count], color: vec![[0.0; 4]; count] }
    }

    pub fn update(
        &mut self,
        blocks: &Blocks,
        plate: &CleanPlate,
        trimap: &Trimap,
        foreground_model: &ForegroundModel,
        core_colors: &CoreColors,
    ) {
        let columns = blocks.columns;
        let noise = weigh_luma(plate.noise);
        let noise_square = dot(noise, noise);
        let rows =
            self.alpha.par_chunks_mut(columns).zip(self.color.par_chunks_mut(columns)).zip(trimap.labels.par_chunks(columns));
        rows.enumerate().with_min_len(BAND).for_each(|(row, ((alphas, colors), label))| {
            for (column, ((alpha, color), label)) in alphas.iter_mut().zip(colors).zip(label).enumerate() {
                match *label {
                    SCREEN => *alpha = 0.0,
                    CORE => *alpha = 1.0,
                    _ => {
                        let around = BlockEstimator {
                            screen: plate.cells.at_block(column, row),
                            core: core_colors.cells.at_block(column, row),
                            has_core: core_colors.has_core,
                            noise_square,
                            foreground_model,
                        };
                        let difference = blocks.difference_at(row * columns + column);
                        let (estimated, [y, p, q]) = around.estimate(difference, mean_3x3(blocks, column, row));
                        *alpha = snap(estimated);
                        *color = [y, p, q, around.screen[0]];
                    }
                }
            }
        });
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

fn weigh_luma([y, p, q]: Ypq) -> Ypq {
    [y * LUMA_WEIGHT, p, q]
}

/// Binomial 3 × 3 mean of the differences: crossing hairs share a colour, and chroma is filtered
/// wider than luma.
fn mean_3x3(blocks: &Blocks, column: usize, row: usize) -> Ypq {
    let (left, right) = (column.saturating_sub(1), (column + 1).min(blocks.columns - 1));
    let (above, below) = (row.saturating_sub(1), (row + 1).min(blocks.rows - 1));
    let mut mean = [0.0; 3];
    for (mean, plane) in mean.iter_mut().zip(&blocks.difference) {
        let across = |row: usize| {
            let start = row * blocks.columns;
            plane[start + left] + 2.0 * plane[start + column] + plane[start + right]
        };
        *mean = (across(above) + 2.0 * across(row) + across(below)) * (1.0 / 16.0);
    }
    mean
}

impl BlockEstimator<'_> {
    /// Alpha and foreground of a block, from its difference from the plate and the mean one of its
    /// neighbourhood.
    fn estimate(&self, difference: Ypq, around: Ypq) -> (f32, Ypq) {
        let full = self.foreground(around);
        let (own, line) = (weigh_luma(difference), weigh_luma(full));
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
        let (difference, core) = (weigh_luma(around), weigh_luma(line));
        let (seen_square, core_square, both) = (dot(difference, difference), dot(core, core), dot(difference, core));
        let cosine = both / (seen_square * core_square).sqrt().max(1.0);
        // A clear direction is compared by its length, one in the noise by its projection.
        let signal = seen_square / (seen_square + SIGNAL_HALF * self.noise_square);
        let (along_seen, along_core) = (seen_square / both.max(1.0), both / core_square.max(1.0));
        let by_core = along_core + (along_seen - along_core) * signal;
        let core_weight = if self.has_core { smoothstep(SIMILAR_MIN, SIMILAR_FULL, cosine) } else { 0.0 };
        let model_weight = (MODEL_WEIGHT_MIN + confidence) * (1.0 - CORE_PRECEDENCE * core_weight);
        let alpha = (by_core * core_weight + by_model * model_weight) / (core_weight + model_weight);
        mix(line, scaled(around, 1.0 / alpha.max(0.01)), signal)
    }
}
