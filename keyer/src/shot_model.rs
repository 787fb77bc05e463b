//! The model of one shot: hue and noise of the screen, clean plate, static regions, foreground
//! colours and spill.

use crate::blocks::Blocks;
use crate::clean_plate::{CleanPlate, PlateSamples, SAMPLES_MAX, estimate_clean_plate, median_of};
use crate::coarse_map::CoarseMap;
use crate::foreground_model::ForegroundModel;
use crate::noise::{NOISE_INITIAL, RESIDUALS_MAX, initial_noise, inverse, set_bits, trimmed_covariance};
use crate::opaque_regions::OpaqueRegions;
use crate::options::GarbageMatte;
use crate::planar::YuvMatrix;
use crate::plane::{Plane, dilate, erode};
use crate::plate_comparison::{DISTANCE_STEPS, FULL_WEIGHT, NoiseMetric, NoiseMetrics, PlateComparison};
use crate::sample::Sample;
use crate::screen_mask::{MaskBuffers, ScreenStats, keep_certain, mark_by_shot_chromaticity, unmark_by_local_chromaticity};
use crate::screen_space::ScreenSpace;
use crate::spill::SpillModel;
use crate::static_regions::find_static_regions;
use crate::tracking_marks::{TemporalMedian, add_marks};
use crate::trimap::Trimap;

/// Distance from the plate that noise alone gives, as the median of a few samples and then the
/// maximum of 3 × 3 blocks.
/// Units: squared, in deviations of the noise. Tuned: generator seeds 1 and 7, all kinds.
const NOISE_DISTANCE: f32 = 4.0;
/// Largest ratio to that distance by which the weight is reduced; squared, as above.
const DEVIATION_MAX: f32 = 12.0;
/// Least number of screen-like samples for a reduction.
const DEVIATION_SAMPLES_MIN: usize = 3;

/// Blur of the expected luma before a plate is known. Units: share of the picture's height.
const INITIAL_LUMA_SIGMA: f32 = 0.15;
/// Least share of a cell's blocks that are screen for full weight.
const FILLED_SHARE_MIN: f32 = 0.1;

/// The model of one shot.
#[derive(Debug, Clone)]
pub struct ShotModel {
    pub space: ScreenSpace,
    pub stats: ScreenStats,
    pub clean_plate: CleanPlate,
    /// Weight of a block's distance from the plate: 255, divided by its temporal deviation where
    /// that exceeds the noise.
    pub distance_weight: Plane<u8>,
    /// Static set beside the screen, and black bars.
    pub static_regions: Plane<u8>,
    pub metrics: NoiseMetrics,
    /// Standard deviation of the noise, from the residuals of certain screen against the fitted
    /// plate.
    pub noise: [f32; 3],
    pub foreground_model: ForegroundModel,
    pub spill_model: SpillModel,
    /// Median colour of the clean plate.
    pub screen: [f32; 3],
    /// Share of the picture that is certain screen, in the median sample.
    pub coverage: f32,
}

impl ShotModel {
    /// Estimates the model from a shot's samples; none where no block is certain screen.
    pub fn estimate(
        samples: &[Sample],
        matrix: YuvMatrix,
        chromaticity: [f32; 2],
        height_blocks: f32,
        comparison: &mut PlateComparison,
    ) -> Option<Self> {
        let length = chromaticity[0].hypot(chromaticity[1]);
        let hue = chromaticity.map(|channel| channel / length.max(1e-3));
        let mut stats = ScreenStats { chromaticity: length, noise: NOISE_INITIAL, height_blocks };
        let (columns, rows) = (comparison.certain.columns, comparison.certain.rows);
        let count = columns * rows;
        let mut screen_like = vec![0_u16; count];
        stats.noise = initial_noise(samples, hue, &stats, comparison, &mut screen_like);
        let mut certain = vec![0_u16; count];
        for (bit, sample) in samples.iter().enumerate() {
            comparison.read_sample(sample, hue);
            mark_initial_certain(comparison, &stats);
            set_bits(&comparison.certain, bit, &mut certain);
        }
        let clean_plate = estimate_clean_plate(
            &PlateSamples { samples, exposures: &[], hue, certain: &certain, screen_like: &screen_like },
            &stats,
            columns,
            rows,
        );
        let clean_plate = CleanPlate::new(clean_plate);
        certain.fill(0);
        let mut exposures = Vec::with_capacity(samples.len());
        for (bit, sample) in samples.iter().enumerate() {
            comparison.read_sample(sample, hue);
            comparison.gain = 1.0;
            comparison.fit(&stats, &clean_plate);
            exposures.push(comparison.exposures(&clean_plate));
            set_bits(&comparison.certain, bit, &mut certain);
        }
        let plate_samples = PlateSamples { samples, exposures: &exposures, hue, certain: &certain, screen_like: &screen_like };
        let mut clean_plate = estimate_clean_plate(&plate_samples, &stats, columns, rows);
        let temporal_median = TemporalMedian::find(&plate_samples, &stats, &clean_plate);
        add_marks(&plate_samples, &temporal_median, &stats, &mut clean_plate);
        let static_regions = find_static_regions(&plate_samples, &temporal_median, &stats, &clean_plate);
        let clean_plate = CleanPlate::new(clean_plate);
        let coverage = {
            let mut shares: Vec<f32> = (0..samples.len())
                .map(|bit| certain.iter().filter(|mask| **mask >> bit & 1 == 1).count() as f32 / count as f32)
                .collect();
            median_of(&mut shares)
        };
        let screen = median_color(&clean_plate.blocks, &certain)?;
        let space = ScreenSpace::of_hue(matrix, hue);
        let mut model = Self {
            foreground_model: ForegroundModel::new(&space, screen),
            space,
            stats,
            clean_plate,
            static_regions,
            distance_weight: Plane::new(columns, rows, FULL_WEIGHT as u8),
            metrics: NoiseMetrics::default(),
            noise: stats.noise,
            spill_model: SpillModel::default(),
            screen,
            coverage,
        };
        model.measure_noise(samples, comparison);
        model.measure_temporal_deviation(samples, comparison, &screen_like);
        model.collect_foreground(samples, comparison);
        Some(model)
    }

    /// Measures the noise: covariance of certain screen minus the fitted plate, plain and blurred.
    fn measure_noise(&mut self, samples: &[Sample], comparison: &mut PlateComparison) {
        let mut residuals: [Vec<f32>; 3] = Default::default();
        let mut blurred_residuals: [Vec<f32>; 3] = Default::default();
        let stride = (comparison.certain.cells.len() * samples.len() / RESIDUALS_MAX).max(1);
        for sample in samples {
            comparison.read_sample(sample, self.space.hue);
            comparison.gain = 1.0;
            comparison.fit(&self.stats, &self.clean_plate);
            for index in (0..comparison.certain.cells.len()).step_by(stride).filter(|index| comparison.certain.cells[*index] > 0)
            {
                for (residuals, residual) in residuals.iter_mut().zip(comparison.difference_at(index)) {
                    residuals.push(residual);
                }
                for (channel, residuals) in blurred_residuals.iter_mut().enumerate() {
                    residuals.push(comparison.buffers.blurred[channel].cells[index] - comparison.plate[channel].cells[index]);
                }
            }
        }
        let covariance = trimmed_covariance(&residuals);
        self.noise = [0, 1, 2].map(|channel: usize| covariance[channel].sqrt());
        self.metrics = NoiseMetrics {
            block: NoiseMetric(inverse(covariance)),
            blurred: NoiseMetric(inverse(trimmed_covariance(&blurred_residuals))),
        };
    }

    /// Lowers the distance weight where screen deviates from the plate over time by more than
    /// noise: folds that move a little, textures that the codec changes.
    fn measure_temporal_deviation(&mut self, samples: &[Sample], comparison: &mut PlateComparison, screen_like: &[u16]) {
        let mut distances = vec![[0_u8; SAMPLES_MAX]; screen_like.len()];
        for (bit, sample) in samples.iter().enumerate() {
            comparison.read_sample(sample, self.space.hue);
            comparison.gain = 1.0;
            comparison.fit(&self.stats, &self.clean_plate);
            comparison.measure_distance(&self.metrics, &self.distance_weight);
            for (distances, distance) in distances.iter_mut().zip(&comparison.distance.cells) {
                distances[bit] = *distance;
            }
        }
        let mut deviation = Plane::new(self.distance_weight.columns, self.distance_weight.rows, 0_u8);
        for ((deviation, distances), screen_like) in deviation.cells.iter_mut().zip(&mut distances).zip(screen_like) {
            let mut count = 0;
            for bit in 0..samples.len() {
                if screen_like >> bit & 1 == 1 {
                    distances[count] = distances[bit];
                    count += 1;
                }
            }
            if count >= DEVIATION_SAMPLES_MIN {
                *deviation = *distances[..count].select_nth_unstable(count / 2).1;
            }
        }
        dilate(&mut deviation, 1, &mut Vec::new());
        for (distance_weight, deviation) in self.distance_weight.cells.iter_mut().zip(&deviation.cells) {
            let ratio = (f32::from(*deviation) / (NOISE_DISTANCE * DISTANCE_STEPS)).clamp(1.0, DEVIATION_MAX);
            *distance_weight = (FULL_WEIGHT / ratio) as u8;
        }
    }

    /// Collects the foreground colours and spill from the samples' core.
    fn collect_foreground(&mut self, samples: &[Sample], comparison: &mut PlateComparison) {
        let mut trimap = Trimap::new(comparison.certain.columns, comparison.certain.rows);
        let mut opaque_regions =
            OpaqueRegions::new(comparison.certain.columns, comparison.certain.rows, self.stats.height_blocks);
        for sample in samples {
            comparison.read_sample(sample, self.space.hue);
            comparison.gain = 1.0;
            comparison.fit(&self.stats, &self.clean_plate);
            comparison.measure_distance(&self.metrics, &self.distance_weight);
            trimap.update(comparison, self.noise, &self.foreground_model);
            opaque_regions.label_core(comparison, &mut trimap);
            trimap.apply_static_regions(&self.static_regions, GarbageMatte::Off);
            for index in trimap.foreground_samples() {
                self.foreground_model.add_sample(comparison.difference_at(index));
            }
            self.spill_model.add(comparison, &trimap);
        }
        self.foreground_model.update();
        self.spill_model.cluster();
    }
}

/// Marks certain screen before a plate is known.
fn mark_initial_certain(comparison: &mut PlateComparison, stats: &ScreenStats) {
    mark_by_shot_chromaticity(&comparison.buffers, stats, &mut comparison.certain);
    unmark_by_local_chromaticity(&mut comparison.buffers, stats, &mut comparison.certain);
    let mut inner = comparison.certain.clone();
    erode(&mut inner, 1, &mut Vec::new());
    let expected_luma = extrapolated_luma(&comparison.buffers, &inner, INITIAL_LUMA_SIGMA * stats.height_blocks);
    let no_detail = Plane::new(expected_luma.columns, expected_luma.rows, 0.0);
    keep_certain(&mut comparison.buffers, stats, &expected_luma, &no_detail, 1.0, &mut comparison.certain);
}

/// Luma of the marked blocks, blurred and extrapolated to the whole picture. Units of `sigma`:
/// blocks.
fn extrapolated_luma(buffers: &MaskBuffers, marked: &Plane<u8>, sigma: f32) -> Plane<f32> {
    let y = &buffers.blurred[0];
    let mut map = CoarseMap::over(y.columns, y.rows, (sigma * 0.5) as usize);
    for row in 0..y.rows {
        for (column, (marked, y)) in marked.row(row).iter().zip(y.row(row)).enumerate() {
            if *marked > 0 {
                map.add(column, row, [*y, 0.0, 0.0]);
            }
        }
    }
    map.blur(sigma / map.side as f32);
    map.fill((map.side * map.side) as f32 * FILLED_SHARE_MIN);
    let mut expected_luma = Plane::new(y.columns, y.rows, 0.0);
    let mut rest = [vec![0.0; y.columns], vec![0.0; y.columns]];
    for row in 0..expected_luma.rows {
        let [second, third] = &mut rest;
        map.write_row(row, [expected_luma.row_mut(row), second, third]);
    }
    expected_luma
}

/// Median of the plate over blocks that were certain screen in some sample.
fn median_color(clean_plate: &Blocks, certain: &[u16]) -> Option<[f32; 3]> {
    let stride = (certain.len() / RESIDUALS_MAX).max(1);
    let mut values: [Vec<f32>; 3] = Default::default();
    for index in (0..certain.len()).step_by(stride).filter(|index| certain[*index] > 0) {
        for (values, plane) in values.iter_mut().zip(clean_plate) {
            values.push(plane.cells[index]);
        }
    }
    if values[0].is_empty() {
        return None;
    }
    Some(values.map(|mut values| median_of(&mut values)))
}
