//! Estimates the clean plate: the colour of the screen at each block, from all samples of a shot.
//!
//! Constants are tuned on generator seeds 1 and 7, all kinds, unless stated otherwise; see the
//! README.

use crate::blocks::Blocks;
use crate::chromaticity_map::{ChromaticitySample, chromaticity_map};
use crate::coarse_map::CoarseMap;
use crate::color::scaled;
use crate::plane::{Plane, blur_3x3};
use crate::sample::{Sample, rotate_to_hue};
use crate::screen_mask::{LUMA_MIN, ScreenStats, find_detail};
use crate::screen_space::Ypq;

/// Most samples of a shot: one bit of a mask each.
pub const SAMPLES_MAX: usize = 16;
/// Largest temporal deviation of a block that counts as stable, in deviations of the noise plus a
/// constant. Units: of 255.
const STABLE_DEVIATIONS: f32 = 3.0;
const STABLE_CONSTANT: f32 = 2.0;
/// Weight from which a block takes its own colour alone; one certain sample has 0.5, two have 1.
const WEIGHT_FULL: f32 = 0.9;
/// Largest chromaticity difference of a stable block from the screen around it. Units: share of the
/// screen's chromaticity.
const HUE_TOLERANCE: f32 = 0.08;
/// A sample is taken for translucent subject if its chromaticity is below this quantile of the
/// block's samples by more than a share of the screen's chromaticity plus so many deviations of the
/// noise. Chroma across the hue is weighted.
const TRANSLUCENT_QUANTILE: f32 = 0.75;
const TRANSLUCENT_SHARE: f32 = 0.015;
const TRANSLUCENT_DEVIATIONS: f32 = 2.0;
const TRANSLUCENT_ACROSS: f32 = 0.5;

/// The clean plate of a shot.
#[derive(Debug, Clone)]
pub struct CleanPlate {
    pub blocks: Blocks,
    /// Blurred as frames are, binomial 3 × 3.
    pub blurred: Blocks,
    /// Fine detail of the blurred luma.
    pub detail: Plane<f32>,
}

impl CleanPlate {
    pub fn new(blocks: Blocks) -> Self {
        let mut line = Vec::new();
        let mut blurred = blocks.clone();
        for (plane, blurred) in blocks.iter().zip(&mut blurred) {
            blur_3x3(plane, &mut line, blurred);
        }
        let mut fine = [blurred[0].clone(), blurred[0].clone()];
        find_detail(&blurred[0], &mut fine, &mut line);
        let [detail, _] = fine;
        Self { blocks, blurred, detail }
    }
}

/// Samples of a shot, and the masks of those in which each block is screen.
#[derive(Debug)]
pub struct PlateSamples<'a> {
    pub samples: &'a [Sample],
    /// Exposure of each sample's blocks relative to the plate, in steps; empty before a plate is
    /// known.
    pub exposures: &'a [Vec<u16>],
    pub hue: [f32; 2],
    /// Masks by block, one bit per sample: certain screen, and screen-like.
    pub certain: &'a [u16],
    pub screen_like: &'a [u16],
}

/// Steps of a stored exposure per unit.
pub const EXPOSURE_STEPS: f32 = 8192.0;

impl PlateSamples<'_> {
    /// Colour of a sample's block, scaled to the plate's exposure.
    pub fn at_plate_exposure(&self, bit: usize, index: usize) -> Ypq {
        let observed = rotate_to_hue(self.samples[bit].at(index), self.hue);
        self.exposures
            .get(bit)
            .map_or(observed, |exposures| scaled(observed, EXPOSURE_STEPS / f32::from(exposures[index].max(1))))
    }

    /// Median of a block over the samples in `mask`, and its standard deviation from the median
    /// absolute deviation.
    pub fn median(&self, index: usize, mask: u16) -> (Ypq, Ypq) {
        let mut values = [[0.0_f32; SAMPLES_MAX]; 3];
        let mut count = 0;
        for bit in 0..self.samples.len() {
            if mask >> bit & 1 == 1 {
                for (values, observed) in values.iter_mut().zip(self.at_plate_exposure(bit, index)) {
                    values[count] = observed;
                }
                count += 1;
            }
        }
        let (mut median, mut deviation) = ([0.0; 3], [0.0; 3]);
        for ((values, median), deviation) in values.iter_mut().zip(&mut median).zip(&mut deviation) {
            let values = &mut values[..count];
            *median = median_of(values);
            for value in values.iter_mut() {
                *value = (*value - *median).abs();
            }
            *deviation = median_of(values) * 1.4826;
        }
        (median, deviation)
    }

    /// Removes samples with translucent subject from `mask`: it lowers chroma along the hue and
    /// never raises it.
    fn without_translucent(&self, index: usize, mask: u16, stats: &ScreenStats) -> u16 {
        let mut along = [0.0_f32; SAMPLES_MAX];
        let mut sorted = [0.0_f32; SAMPLES_MAX];
        let (mut count, mut luma_sum) = (0, 0.0);
        for (bit, sample) in self.samples.iter().enumerate() {
            if mask >> bit & 1 == 1 {
                let [y, p, q] = rotate_to_hue(sample.at(index), self.hue);
                let luma = y.max(LUMA_MIN);
                along[bit] = (p - q.abs() * TRANSLUCENT_ACROSS) / luma;
                sorted[count] = along[bit];
                count += 1;
                luma_sum += luma;
            }
        }
        if count < 3 {
            return mask;
        }
        let rank = ((count - 1) as f32 * TRANSLUCENT_QUANTILE).round() as usize;
        let upper = *sorted[..count].select_nth_unstable_by(rank, f32::total_cmp).1;
        let noise_tolerance = stats.noise[1].hypot(stats.noise[0] * stats.chromaticity) * count as f32 / luma_sum;
        let along_min = upper - TRANSLUCENT_SHARE * stats.chromaticity - TRANSLUCENT_DEVIATIONS * noise_tolerance;
        (0..self.samples.len())
            .filter(|bit| mask >> bit & 1 == 1 && along[*bit] >= along_min)
            .fold(0, |kept, bit| kept | 1 << bit)
    }

    /// Mask of all samples.
    pub fn all_samples(&self) -> u16 {
        u16::try_from((1_u32 << self.samples.len().min(SAMPLES_MAX)) - 1).unwrap_or(u16::MAX)
    }
}

/// Median; 0 for an empty slice.
pub fn median_of(values: &mut [f32]) -> f32 {
    let (count, middle) = (values.len(), values.len() / 2);
    if count == 0 {
        return 0.0;
    }
    let (below, upper, _) = values.select_nth_unstable_by(middle, f32::total_cmp);
    let upper = *upper;
    if count % 2 == 1 { upper } else { (upper + below.iter().copied().fold(f32::MIN, f32::max)) * 0.5 }
}

/// Estimates the clean plate. Blocks that are stable and screen-like in enough samples take the
/// temporal median, which keeps sharp folds and seams; others the median of certain screen; blocks
/// that no sample shows are extrapolated.
pub fn estimate_clean_plate(plate_samples: &PlateSamples<'_>, stats: &ScreenStats, columns: usize, rows: usize) -> Blocks {
    let mut map = CoarseMap::over(columns, rows, 1);
    for (index, (cell, mask)) in map.cells.iter_mut().zip(plate_samples.certain).enumerate() {
        let weight = (mask.count_ones() as f32 * 0.5).min(1.0);
        if weight > 0.0 {
            let [y, p, q] = plate_samples.median(index, plate_samples.without_translucent(index, *mask, stats)).0;
            *cell = [y * weight, p * weight, q * weight, weight];
        }
    }
    drop_translucent(&mut map, stats);
    let mut initial = map.clone();
    initial.fill(WEIGHT_FULL);
    let needed = (plate_samples.samples.len() / 4).max(3);
    for (index, (cell, mask)) in map.cells.iter_mut().zip(plate_samples.screen_like).enumerate() {
        if (mask.count_ones() as usize) < needed {
            continue;
        }
        let (median, deviation) = plate_samples.median(index, plate_samples.without_translucent(index, *mask, stats));
        let is_stable =
            deviation.iter().zip(stats.noise).all(|(deviation, noise)| *deviation < STABLE_DEVIATIONS * noise + STABLE_CONSTANT);
        if is_stable && is_of_hue(median, initial.cells[index], stats) {
            *cell = [median[0], median[1], median[2], 1.0];
        }
    }
    map.fill(WEIGHT_FULL);
    let plane = |channel: usize| Plane { columns, rows, cells: map.cells.iter().map(|cell| cell[channel]).collect() };
    [plane(0), plane(1), plane(2)]
}

/// Removes blocks whose chromaticity differs from the screen around them: translucent subject taken
/// for screen.
fn drop_translucent(map: &mut CoarseMap, stats: &ScreenStats) {
    let mut chromaticities = Vec::new();
    for (index, [y, p, q, weight]) in map.cells.iter().enumerate() {
        if *weight > 0.0 {
            let luma = (y / weight).max(LUMA_MIN);
            let (column, row) = (index % map.columns, index / map.columns);
            let noise_tolerance = stats.noise[1].hypot(stats.noise[2]) / luma;
            chromaticities.push(ChromaticitySample {
                column,
                row,
                along: p / weight / luma,
                across: q / weight / luma,
                noise_tolerance,
            });
        }
    }
    let Some(local) = chromaticity_map(&chromaticities, (map.columns, map.rows), stats.height_blocks, stats.chromaticity) else {
        return;
    };
    for chromaticity in chromaticities {
        let around = local.at_block(chromaticity.column, chromaticity.row);
        let difference = (chromaticity.along - around[0]).hypot(chromaticity.across - around[1]);
        if difference > HUE_TOLERANCE * stats.chromaticity + chromaticity.noise_tolerance {
            map.cells[chromaticity.row * map.columns + chromaticity.column] = [0.0; 4];
        }
    }
}

/// True if a colour has the chromaticity of the screen around it, as a fold does and a thin static
/// object does not.
fn is_of_hue([y, p, q]: Ypq, around: [f32; 4], stats: &ScreenStats) -> bool {
    let (luma, luma_around) = (y.max(LUMA_MIN), around[0].max(LUMA_MIN));
    let difference = (p / luma - around[1] / luma_around).hypot(q / luma - around[2] / luma_around);
    difference < HUE_TOLERANCE * stats.chromaticity + stats.noise[1].hypot(stats.noise[2]) / luma
}
