//! Estimates the clean plate: the colour of the screen at each block, from all samples of a shot.
//!
//! Constants are tuned on generator seeds 1 and 7, all kinds, unless stated otherwise; see the
//! README.

use crate::blocks::{Blocks, shrink};
use crate::chromaticity_map::{ChromaticitySample, chromaticity_map};
use crate::coarse_map::CoarseMap;
use crate::light_fit::Light;
use crate::plane::{Plane, blur_3x3};
use crate::sample::Sample;
use crate::sample_rows::{LANES, SampleRows, lanes_of};
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
    /// On the grid on which light is fitted.
    pub cells: Blocks,
    /// The cells blurred as frames are, binomial 3 × 3.
    pub blurred: Blocks,
    /// Fine detail of the blurred luma.
    pub detail: Plane<f32>,
}

impl CleanPlate {
    pub fn new(blocks: Blocks, scale: usize) -> Self {
        let mut line = Vec::new();
        let cells = shrink(&blocks, scale);
        let mut blurred = cells.clone();
        for (plane, blurred) in cells.iter().zip(&mut blurred) {
            blur_3x3(plane, &mut line, blurred);
        }
        let mut fine = [blurred[0].clone(), blurred[0].clone()];
        find_detail(&blurred[0], &mut fine, &mut line);
        let [detail, _] = fine;
        Self { blocks, cells, blurred, detail }
    }
}

/// Samples of a shot, and the masks of those in which each cell is screen.
#[derive(Debug)]
pub struct PlateSamples<'a> {
    pub samples: &'a [Sample],
    /// A clean plate and the light of each sample relative to it; none before a plate is known.
    pub lights: Option<(&'a CleanPlate, &'a [Light])>,
    pub hue: [f32; 2],
    /// Blocks along each side of a cell.
    pub scale: usize,
    /// Masks by cell, one bit per sample: certain screen, and screen-like.
    pub certain: &'a Plane<u16>,
    pub screen_like: &'a Plane<u16>,
}

impl PlateSamples<'_> {
    /// The masks of a row of blocks.
    pub fn write_masks(&self, masks: &Plane<u16>, row: usize, out: &mut [u16]) {
        for (out, mask) in out.chunks_mut(self.scale).zip(masks.row(row / self.scale)) {
            out.fill(*mask);
        }
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
    let mut stable = map.clone();
    let needed = (plate_samples.samples.len() / 4).max(3) as u32;
    let mut sample_rows = SampleRows::new(plate_samples.samples.len(), columns);
    let [mut certain, mut screen_like] = [(); 2].map(|()| vec![0_u16; columns]);
    for row in 0..rows {
        sample_rows.read(plate_samples, row);
        plate_samples.write_masks(plate_samples.certain, row, &mut certain);
        plate_samples.write_masks(plate_samples.screen_like, row, &mut screen_like);
        let cells = map.cells[row * columns..(row + 1) * columns].chunks_mut(LANES);
        let stable = stable.cells[row * columns..(row + 1) * columns].chunks_mut(LANES);
        for (number, (cells, stable)) in cells.zip(stable).enumerate() {
            let first = number * LANES;
            let certain = lanes_of(&certain[first..first + cells.len()], 0);
            let like = lanes_of(&screen_like[first..first + cells.len()], 0);
            let mut found = None;
            if certain.iter().any(|mask| *mask != 0) {
                let kept = without_translucent(&sample_rows, first, certain, stats);
                let [y, p, q] = sample_rows.medians(first, &kept);
                for (lane, cell) in cells.iter_mut().enumerate().filter(|(lane, _)| certain[*lane] != 0) {
                    let weight = (certain[lane].count_ones() as f32 * 0.5).min(1.0);
                    *cell = [y[lane] * weight, p[lane] * weight, q[lane] * weight, weight];
                }
                found = (certain == like).then_some((kept, [y, p, q]));
            }
            if like.iter().any(|mask| mask.count_ones() >= needed) {
                let (kept, [y, p, q]) = found.unwrap_or_else(|| {
                    let kept = without_translucent(&sample_rows, first, like, stats);
                    (kept, sample_rows.medians(first, &kept))
                });
                let deviations = sample_rows.deviations(first, &kept, [&y, &p, &q]);
                for (lane, stable) in stable.iter_mut().enumerate().filter(|(lane, _)| like[*lane].count_ones() >= needed) {
                    let deviations = [deviations[0][lane], deviations[1][lane], deviations[2][lane]];
                    let limits = stats.noise.map(|noise| STABLE_DEVIATIONS * noise + STABLE_CONSTANT);
                    let is_stable = deviations.iter().zip(limits).all(|(deviation, limit)| *deviation < limit);
                    *stable = [y[lane], p[lane], q[lane], f32::from(u8::from(is_stable))];
                }
            }
        }
    }
    drop_translucent(&mut map, stats, plate_samples.scale);
    let mut initial = map.clone();
    initial.fill(WEIGHT_FULL);
    for ((cell, stable), initial) in map.cells.iter_mut().zip(&stable.cells).zip(&initial.cells) {
        if stable[3] > 0.0 && is_of_hue([stable[0], stable[1], stable[2]], *initial, stats) {
            *cell = *stable;
        }
    }
    map.fill(WEIGHT_FULL);
    let plane = |channel: usize| Plane { columns, rows, cells: map.cells.iter().map(|cell| cell[channel]).collect() };
    [plane(0), plane(1), plane(2)]
}

/// Removes samples with translucent subject from the masks: it lowers chroma along the hue and
/// never raises it.
fn without_translucent(sample_rows: &SampleRows, first: usize, masks: [u16; LANES], stats: &ScreenStats) -> [u16; LANES] {
    let (along, luma_sums) = sample_rows.chromaticities(first, &masks, LUMA_MIN, TRANSLUCENT_ACROSS);
    let upper = along.quantiles(&masks, TRANSLUCENT_QUANTILE);
    let mut kept = masks;
    for (lane, kept) in kept.iter_mut().enumerate() {
        let count = kept.count_ones() as f32;
        if count >= 3.0 {
            let noise_tolerance = stats.noise[1].hypot(stats.noise[0] * stats.chromaticity) * count / luma_sums[lane].max(1.0);
            let least = upper[lane] - TRANSLUCENT_SHARE * stats.chromaticity - TRANSLUCENT_DEVIATIONS * noise_tolerance;
            *kept = along.keep_from(lane, *kept, least);
        }
    }
    kept
}

/// Removes blocks whose chromaticity differs from the screen around them: translucent subject taken
/// for screen. The map of the chromaticity is made from every `stride`-th block.
fn drop_translucent(map: &mut CoarseMap, stats: &ScreenStats, stride: usize) {
    let mut chromaticities = Vec::new();
    let noise = stats.noise[1].hypot(stats.noise[2]);
    let chromaticity = |[y, p, q, weight]: [f32; 4]| {
        let luma = (y / weight).max(LUMA_MIN);
        [p / weight / luma, q / weight / luma, noise / luma]
    };
    for row in (0..map.rows).step_by(stride) {
        for column in (0..map.columns).step_by(stride) {
            let cell = map.cells[row * map.columns + column];
            if cell[3] > 0.0 {
                let [along, across, noise_tolerance] = chromaticity(cell);
                chromaticities.push(ChromaticitySample { column, row, along, across, noise_tolerance });
            }
        }
    }
    let Some(local) = chromaticity_map(&chromaticities, (map.columns, map.rows), stats.height_blocks, stats.chromaticity) else {
        return;
    };
    let mut around = [(); 2].map(|()| vec![0.0; map.columns]);
    for (row, cells) in map.cells.chunks_exact_mut(map.columns).enumerate() {
        local.write_row(row, around.each_mut().map(Vec::as_mut_slice));
        for (cell, (around_along, around_across)) in cells.iter_mut().zip(around[0].iter().zip(&around[1])) {
            if cell[3] > 0.0 {
                let [along, across, noise_tolerance] = chromaticity(*cell);
                let difference = (along - around_along).hypot(across - around_across);
                if difference > HUE_TOLERANCE * stats.chromaticity + noise_tolerance {
                    *cell = [0.0; 4];
                }
            }
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
