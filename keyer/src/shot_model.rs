//! The model of one shot: hue and noise of the screen, clean plate, static regions, foreground
//! colours and spill.

use crate::blocks::{Blocks, color_at};
use crate::clean_plate::{CleanPlate, PlateSamples, SAMPLES_MAX, estimate_clean_plate, median_of};
use crate::coarse_map::CoarseMap;
use crate::foreground_model::ForegroundModel;
use crate::light_fit::{Light, LightLines};
use crate::noise::{NOISE_INITIAL, RESIDUALS_MAX, initial_noise, inverse, set_bits, some_samples, trimmed_covariance};
use crate::opaque_regions::OpaqueRegions;
use crate::options::GarbageMatte;
use crate::planar::YuvMatrix;
use crate::plane::{Plane, dilate, erode};
use crate::plate_comparison::{DISTANCE_STEPS, FULL_WEIGHT, NoiseMetric, NoiseMetrics, PlateComparison};
use crate::sample::Sample;
use crate::sample_rows::{LANES, sort};
use crate::screen_mask::{MaskBuffers, ScreenStats, keep_certain, mark_by_shot_chromaticity, unmark_by_local_chromaticity};
use crate::screen_space::ScreenSpace;
use crate::spill::SpillModel;
use crate::static_regions::find_static_regions;
use crate::tracking_marks::{TemporalMedian, add_marks};
use crate::trimap::Trimap;

/// Most samples that the foreground colours are collected from.
const FOREGROUND_SAMPLES_MAX: usize = 8;
/// Distance from the plate that noise alone gives, as the median of a few samples and then the
/// maximum of 3 × 3 blocks.
/// Units: squared, in deviations of the noise. Tuned: generator seeds 1 and 7, all kinds.
const NOISE_DISTANCE: f32 = 4.0;
/// Largest ratio to that distance by which the weight is reduced; squared, as above.
const DEVIATION_MAX: f32 = 3.0;
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
        let (columns, rows, scale) = (comparison.distance.columns, comparison.distance.rows, comparison.scale);
        stats.noise = initial_noise(samples, hue, &stats, comparison);
        let empty = Plane::new(comparison.certain.columns, comparison.certain.rows, 0_u16);
        let (mut screen_like, mut certain) = (empty.clone(), empty);
        for (bit, sample) in samples.iter().enumerate() {
            comparison.read_sample(sample, hue);
            set_bits(&mark_initial_certain(comparison, &stats.at_scale(scale)), bit, &mut screen_like);
            set_bits(&comparison.certain, bit, &mut certain);
        }
        let plate_samples = PlateSamples { samples, lights: None, hue, scale, certain: &certain, screen_like: &screen_like };
        let initial_plate = CleanPlate::new(estimate_clean_plate(&plate_samples, &stats, columns, rows), scale);
        certain.cells.fill(0);
        let mut lights = Vec::with_capacity(samples.len());
        for (bit, sample) in samples.iter().enumerate() {
            comparison.read_sample(sample, hue);
            comparison.gain = 1.0;
            lights.push(comparison.fit_light(&stats, &initial_plate).clone());
            set_bits(&comparison.certain, bit, &mut certain);
        }
        let lights = Some((&initial_plate, lights.as_slice()));
        let plate_samples = PlateSamples { samples, lights, hue, scale, certain: &certain, screen_like: &screen_like };
        let mut clean_plate = estimate_clean_plate(&plate_samples, &stats, columns, rows);
        let temporal_median = TemporalMedian::find(&plate_samples, &stats, &clean_plate);
        add_marks(&plate_samples, &temporal_median, &stats, &mut clean_plate);
        let static_regions = find_static_regions(&plate_samples, &temporal_median, &stats, &clean_plate);
        let clean_plate = CleanPlate::new(clean_plate, scale);
        let coverage = {
            let mut shares: Vec<f32> = (0..samples.len())
                .map(|bit| certain.cells.iter().filter(|mask| **mask >> bit & 1 == 1).count() as f32 / certain.cells.len() as f32)
                .collect();
            median_of(&mut shares)
        };
        let screen = median_color(&clean_plate.cells, &certain.cells)?;
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
        let lights = model.measure_noise(samples, comparison);
        model.measure_temporal_deviation(samples, &lights, scale, &screen_like);
        model.collect_foreground(samples, &lights, comparison);
        Some(model)
    }

    /// Measures the noise: covariance of certain screen minus the fitted plate, plain and blurred.
    /// Returns the light of each sample.
    fn measure_noise(&mut self, samples: &[Sample], comparison: &mut PlateComparison) -> Vec<Light> {
        let mut residuals: [Vec<f32>; 3] = Default::default();
        let mut blurred_residuals: [Vec<f32>; 3] = Default::default();
        let mut lights = Vec::with_capacity(samples.len());
        let scale = comparison.scale;
        let stride = (comparison.certain.cells.len() * samples.len() / RESIDUALS_MAX).max(1);
        let mut plate = [(); 3].map(|()| vec![0.0; comparison.distance.columns]);
        let mut line = LightLines::new(comparison.distance.columns);
        for sample in samples {
            comparison.read_sample(sample, self.space.hue);
            comparison.gain = 1.0;
            let light = comparison.fit_light(&self.stats, &self.clean_plate).clone();
            let certain = &comparison.certain;
            let mut row_written = usize::MAX;
            line.reset();
            for cell in (0..certain.cells.len()).step_by(stride).filter(|cell| certain.cells[*cell] > 0) {
                let (row, column) = (cell / certain.columns * scale, cell % certain.columns * scale);
                if row != row_written {
                    light.write_plate_row(
                        row,
                        scale,
                        &self.clean_plate.blocks,
                        &mut line,
                        plate.each_mut().map(Vec::as_mut_slice),
                    );
                    row_written = row;
                }
                let index = row * comparison.distance.columns + column;
                let (observed, blurred) = (color_at(&comparison.blocks, index), comparison.blurred_at(index));
                for channel in 0..3 {
                    residuals[channel].push(observed[channel] - plate[channel][column]);
                    blurred_residuals[channel].push(blurred[channel] - plate[channel][column]);
                }
            }
            lights.push(light);
        }
        let covariance = trimmed_covariance(&residuals);
        self.noise = [0, 1, 2].map(|channel: usize| covariance[channel].sqrt());
        self.metrics = NoiseMetrics {
            block: NoiseMetric(inverse(covariance)),
            blurred: NoiseMetric(inverse(trimmed_covariance(&blurred_residuals))),
        };
        lights
    }

    /// Lowers the distance weight where screen deviates from the plate over time by more than
    /// noise: folds that move a little, textures that the codec changes.
    fn measure_temporal_deviation(&mut self, samples: &[Sample], lights: &[Light], scale: usize, screen_like: &Plane<u16>) {
        let columns = self.distance_weight.columns;
        let mut deviation = Plane::new(columns, self.distance_weight.rows, 0_u8);
        let lines = [(); 3].map(|()| vec![0.0; columns]);
        let (mut observed, mut plate, mut light_lines) = (lines.clone(), lines, vec![LightLines::new(columns); samples.len()]);
        let weights = vec![FULL_WEIGHT as u8; columns];
        let mut distances = vec![vec![0_u8; columns]; samples.len()];
        for row in 0..deviation.rows {
            for ((sample, light), (distances, lines)) in
                samples.iter().zip(lights).zip(distances.iter_mut().zip(&mut light_lines))
            {
                sample.read_row(row, self.space.hue, observed.each_mut().map(Vec::as_mut_slice));
                let out = plate.each_mut().map(Vec::as_mut_slice);
                light.write_plate_row(row, scale, &self.clean_plate.blocks, lines, out);
                let (observed, plate) = (observed.each_ref().map(Vec::as_slice), plate.each_ref().map(Vec::as_slice));
                self.metrics.block.write_distances(observed, plate, &weights, distances);
            }
            let masks = screen_like.row(row / scale);
            for (number, deviation) in deviation.row_mut(row).chunks_mut(LANES).enumerate() {
                write_medians(&distances, number * LANES, |column| masks[column / scale], deviation);
            }
        }
        dilate(&mut deviation, 1, &mut Vec::new());
        for (distance_weight, deviation) in self.distance_weight.cells.iter_mut().zip(&deviation.cells) {
            let ratio = (f32::from(*deviation) / (NOISE_DISTANCE * DISTANCE_STEPS)).clamp(1.0, DEVIATION_MAX);
            *distance_weight = (FULL_WEIGHT / ratio) as u8;
        }
    }

    /// Collects the foreground colours and spill from the samples' core.
    fn collect_foreground(&mut self, samples: &[Sample], lights: &[Light], comparison: &mut PlateComparison) {
        let (columns, rows) = (comparison.distance.columns, comparison.distance.rows);
        let mut trimap = Trimap::new(columns, rows);
        let mut opaque_regions = OpaqueRegions::new(columns, rows, self.stats.height_blocks);
        for (number, sample) in some_samples(samples, FOREGROUND_SAMPLES_MAX) {
            comparison.read_sample(sample, self.space.hue);
            comparison.apply_light(&lights[number], &self.clean_plate);
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

/// Medians over time of the distances in the masks; 0 where too few are.
fn write_medians(distances: &[Vec<u8>], first: usize, mask_of: impl Fn(usize) -> u16, out: &mut [u8]) {
    let mut values = [[u8::MAX; LANES]; SAMPLES_MAX];
    let mut counts = [0_usize; LANES];
    for lane in 0..out.len() {
        let mask = mask_of(first + lane);
        counts[lane] = mask.count_ones() as usize;
        for (bit, (values, distances)) in values.iter_mut().zip(distances).enumerate() {
            values[lane] = if mask >> bit & 1 == 1 { distances[first + lane] } else { u8::MAX };
        }
    }
    if counts.iter().all(|count| *count < DEVIATION_SAMPLES_MIN) {
        return;
    }
    sort(&mut values);
    for (lane, (out, count)) in out.iter_mut().zip(counts).enumerate() {
        if count >= DEVIATION_SAMPLES_MIN {
            *out = values[count / 2][lane];
        }
    }
}

/// Marks certain screen before a plate is known; returns the screen-like cells. `stats` are of
/// cells.
fn mark_initial_certain(comparison: &mut PlateComparison, stats: &ScreenStats) -> Plane<u8> {
    mark_by_shot_chromaticity(&comparison.buffers, stats, &mut comparison.certain);
    unmark_by_local_chromaticity(&mut comparison.buffers, stats, &mut comparison.certain);
    let mut inner = comparison.certain.clone();
    erode(&mut inner, 1, &mut Vec::new());
    let expected_luma = extrapolated_luma(&comparison.buffers, &inner, INITIAL_LUMA_SIGMA * stats.height_blocks);
    let no_detail = Plane::new(expected_luma.columns, expected_luma.rows, 0.0);
    keep_certain(&mut comparison.buffers, stats, &expected_luma, &no_detail, 1.0, &mut comparison.certain);
    inner
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
    for row in 0..expected_luma.rows {
        map.write_row(row, [expected_luma.row_mut(row)]);
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
