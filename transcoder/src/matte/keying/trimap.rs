//! The trimap of a frame: every block is screen, core, or in the uncertain band between them.

#![expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "thresholds are small and never negative")]

use rayon::prelude::*;

use super::blocks::{Blocks, DISTANCE_STEPS, OPAQUE};
use super::byte_filters::{BAND, erode_5x5, sum_3x3};
use super::clean_plate::CleanPlate;
use crate::matte::coarse_map::CoarseMap;
use ::keyer::color::{dot, subtract};

/// Screen: alpha 0.
pub const SCREEN: u8 = 0;
/// Uncertain: a mixture, or not known.
pub const UNCERTAIN: u8 = 1;
/// Core of the subject: alpha 1.
pub const CORE: u8 = 2;

/// Least coarse alpha of core, in the whole 5 × 5 neighbourhood.
const CORE_ALPHA_MIN: f32 = 0.8;
/// Screen is nearer to the plate than the first, and the mean of its 3 × 3 neighbourhood nearer
/// than the second.
const SCREEN_DISTANCE_MAX: f32 = 16.0;
const SCREEN_DISTANCE_3X3_MAX: f32 = 8.0;
/// As above, for blocks that update the clean plate.
const SAMPLE_DISTANCE_MAX: f32 = 12.0;
const SAMPLE_DISTANCE_3X3_MAX: f32 = 6.0;
/// Least alpha by hue, in the whole 5 × 5 neighbourhood, of blocks that may become core by
/// similarity, and of samples of the foreground model.
const GROW_HUE_ALPHA_MIN: f32 = 1.0;
const FOREGROUND_HUE_ALPHA_MIN: f32 = 0.95;
/// Largest difference from the core nearby of a block that becomes core. Units: share of the
/// distance from screen to core.
const GROW_DIFFERENCE_MAX: f32 = 0.2;

/// The labels of one frame's blocks.
#[derive(Debug)]
pub struct Trimap {
    pub labels: Vec<u8>,
    /// 1 for blocks that update the clean plate, being screen with nothing but screen around; else
    /// 0.
    pub is_plate_sample: Vec<u8>,
    /// Alpha by hue, eroded.
    hue_alpha: Vec<u8>,
    eroded_alpha: Vec<u8>,
    scratch: Vec<u8>,
}

const fn steps(alpha: f32) -> u8 {
    (alpha * OPAQUE as f32) as u8
}

impl Trimap {
    pub fn new(count: usize) -> Self {
        let bytes = vec![0; count];
        Self {
            labels: bytes.clone(),
            is_plate_sample: bytes.clone(),
            hue_alpha: bytes.clone(),
            eroded_alpha: bytes.clone(),
            scratch: bytes,
        }
    }

    /// Labels the blocks of a frame.
    pub fn update(&mut self, blocks: &Blocks) {
        let columns = blocks.columns;
        erode_5x5(&blocks.alpha, columns, &mut self.scratch, &mut self.eroded_alpha);
        erode_5x5(&blocks.hue_alpha, columns, &mut self.scratch, &mut self.hue_alpha);
        let size = columns * BAND;
        let planes =
            self.labels.par_chunks_mut(size).zip(self.scratch.par_chunks_mut(size)).zip(self.eroded_alpha.par_chunks_mut(size));
        planes.enumerate().for_each_init(
            || (vec![0_u16; columns], vec![0_u16; columns]),
            |(down, sum), (band, ((labels, is_plate_sample), eroded_alpha))| {
                let rows = labels
                    .chunks_exact_mut(columns)
                    .zip(is_plate_sample.chunks_exact_mut(columns))
                    .zip(eroded_alpha.chunks_exact(columns));
                for (row, ((labels, is_plate_sample), eroded_alpha)) in rows.enumerate() {
                    let row = band * BAND + row;
                    sum_3x3(&blocks.distance, columns, row, down, sum);
                    let distance = &blocks.distance[row * columns..(row + 1) * columns];
                    classify(distance, sum, eroded_alpha, labels, is_plate_sample);
                }
            },
        );
        // `eroded_alpha` is not needed any more and serves as scratch.
        erode_5x5(&self.scratch, columns, &mut self.eroded_alpha, &mut self.is_plate_sample);
    }

    /// Makes core of uncertain blocks whose colour is that of the core nearby; returns whether
    /// there were any.
    pub fn grow_core(&mut self, blocks: &Blocks, plate: &CleanPlate, core_colors: &CoarseMap) -> bool {
        let columns = blocks.columns;
        let rows = self.labels.par_chunks_mut(columns).zip(self.hue_alpha.par_chunks(columns)).enumerate();
        let grown = rows.with_min_len(BAND).map(|(row, (labels, hue_alpha))| {
            let mut grown = false;
            for (column, (labels, hue_alpha)) in labels.iter_mut().zip(hue_alpha).enumerate() {
                if *labels == UNCERTAIN && *hue_alpha >= steps(GROW_HUE_ALPHA_MIN) {
                    let line = subtract(core_colors.at_block(column, row), plate.cells.at_block(column, row));
                    let difference = subtract(blocks.difference_at(row * columns + column), line);
                    if dot(difference, difference) < GROW_DIFFERENCE_MAX * GROW_DIFFERENCE_MAX * dot(line, line) {
                        *labels = CORE;
                        grown = true;
                    }
                }
            }
            grown
        });
        grown.reduce(|| false, |a, b| a | b)
    }

    /// Removes blocks from the uncertain band whose estimated alpha is 0, or 1, with all around
    /// them.
    pub fn refine(&mut self, columns: usize, alpha: &[f32]) {
        let rows = alpha.len() / columns;
        self.labels.par_chunks_mut(columns).enumerate().with_min_len(BAND).for_each(|(row, labels)| {
            let starts = [row.saturating_sub(1) * columns, row * columns, (row + 1).min(rows - 1) * columns];
            for (column, labels) in labels.iter_mut().enumerate() {
                if *labels == UNCERTAIN {
                    let (left, right) = (column.saturating_sub(1), (column + 1).min(columns - 1));
                    let (mut low, mut high) = (1.0_f32, 0.0_f32);
                    for start in starts {
                        for alpha in [alpha[start + left], alpha[start + column], alpha[start + right]] {
                            low = low.min(alpha);
                            high = high.max(alpha);
                        }
                    }
                    if high <= 0.0 {
                        *labels = SCREEN;
                    } else if low >= 1.0 {
                        *labels = CORE;
                    }
                }
            }
        });
    }

    /// Whether a block is certain enough to be a sample of the foreground model.
    pub fn is_foreground_sample(&self, index: usize) -> bool {
        self.hue_alpha[index] >= steps(FOREGROUND_HUE_ALPHA_MIN)
    }
}

fn classify(distance: &[u8], sum: &[u16], eroded_alpha: &[u8], labels: &mut [u8], is_plate_sample: &mut [u8]) {
    let (screen_max, sample_max) = ((SCREEN_DISTANCE_MAX * DISTANCE_STEPS) as u8, (SAMPLE_DISTANCE_MAX * DISTANCE_STEPS) as u8);
    let (screen_sum_max, sample_sum_max) =
        ((SCREEN_DISTANCE_3X3_MAX * DISTANCE_STEPS * 9.0) as u16, (SAMPLE_DISTANCE_3X3_MAX * DISTANCE_STEPS * 9.0) as u16);
    let core = steps(CORE_ALPHA_MIN);
    for ((((distance, sum), eroded_alpha), labels), is_plate_sample) in
        distance.iter().zip(sum).zip(eroded_alpha).zip(labels).zip(is_plate_sample)
    {
        let is_screen = *distance < screen_max && *sum < screen_sum_max;
        *labels = if *eroded_alpha >= core { CORE } else { u8::from(!is_screen) * UNCERTAIN };
        *is_plate_sample = u8::from(*distance < sample_max && *sum < sample_sum_max);
    }
}
