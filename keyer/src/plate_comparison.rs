//! One frame compared with the clean plate: blocks, plate fitted to the frame's light, distance of
//! each block from it.

use crate::blocks::{Blocks, LumaRows, Siting, read_blocks};
use crate::clean_plate::{CleanPlate, EXPOSURE_STEPS};
use crate::color::byte;
use crate::light_fit::{LightFit, measure_gain};
use crate::planar::PlanarFormat;
use crate::plane::Plane;
use crate::sample::{Sample, rotate_to_hue};
use crate::screen_mask::{LUMA_MIN, MaskBuffers, ScreenStats, keep_certain, mark_by_plate_chromaticity};
use crate::screen_space::Ypq;

/// Steps of a stored distance per unit; distances from 255 steps on are equal.
pub const DISTANCE_STEPS: f32 = 4.0;

/// Largest luma of a black frame. Units: of 255.
const BLACK_LUMA_MAX: f32 = 5.0;
/// Distance weight of a block whose temporal deviation is explained by noise.
pub const FULL_WEIGHT: f32 = 255.0;

/// A frame and its comparison with the plate; the buffers are reused for each frame.
#[derive(Debug, Clone)]
pub struct PlateComparison {
    /// The frame: luma, chroma along and across the screen's hue.
    pub blocks: Blocks,
    /// The clean plate, fitted to the light of this frame.
    pub plate: Blocks,
    /// 1 where a block is certain screen, else 0.
    pub certain: Plane<u8>,
    /// Squared Mahalanobis distance from the plate under its noise, in steps.
    pub distance: Plane<u8>,
    /// As above for the blurred frame, which has less noise.
    pub blurred_distance: Plane<u8>,
    pub buffers: MaskBuffers,
    light: LightFit,
    luma_rows: LumaRows,
    /// Exposure of the frame relative to the clean plate.
    pub gain: f32,
}

/// Inverse covariance of the screen's noise: yy, pp, qq, yp, yq, pq.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoiseMetric(pub [f32; 6]);

/// Noise of single blocks and of blurred ones.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoiseMetrics {
    pub block: NoiseMetric,
    pub blurred: NoiseMetric,
}

impl NoiseMetric {
    /// Squared Mahalanobis distance of a difference.
    pub fn distance(&self, [y, p, q]: Ypq) -> f32 {
        let [yy, pp, qq, yp, yq, pq] = self.0;
        y * y * yy + p * p * pp + q * q * qq + 2.0 * (y * p * yp + y * q * yq + p * q * pq)
    }
}

impl PlateComparison {
    pub fn new(format: &PlanarFormat) -> Self {
        let (columns, rows) = (format.columns(), format.rows());
        let plane = Plane::new(columns, rows, 0.0);
        let blocks = [plane.clone(), plane.clone(), plane];
        let bytes = Plane::new(columns, rows, 0);
        Self {
            plate: blocks.clone(),
            blocks,
            certain: bytes.clone(),
            blurred_distance: bytes.clone(),
            distance: bytes,
            buffers: MaskBuffers::new(columns, rows),
            light: LightFit::new(columns, rows, picture_height_blocks(format)),
            luma_rows: LumaRows::new(format),
            gain: 1.0,
        }
    }

    /// Reads a frame and rotates its chroma to a hue.
    pub fn read(&mut self, format: &PlanarFormat, siting: Siting, frame: &[u8], hue: [f32; 2]) {
        let planes = format.planes(frame);
        let [y, p, q] = &mut self.blocks;
        for row in 0..format.rows() {
            let (y, p, q) = (y.row_mut(row), p.row_mut(row), q.row_mut(row));
            read_blocks(format, siting, planes, row, &mut self.luma_rows, [&mut *y, &mut *p, &mut *q]);
            for (p, q) in p.iter_mut().zip(q.iter_mut()) {
                [_, *p, *q] = rotate_to_hue([0.0, *p, *q], hue);
            }
        }
        self.buffers.blur(&self.blocks);
    }

    /// Reads a sample and rotates its chroma to a hue.
    pub fn read_sample(&mut self, sample: &Sample, hue: [f32; 2]) {
        let [y, p, q] = &mut self.blocks;
        for row in 0..y.rows {
            sample.read_row(row, hue, [y.row_mut(row), p.row_mut(row), q.row_mut(row)]);
        }
        self.buffers.blur(&self.blocks);
    }

    /// Marks certain screen and fits the clean plate to it.
    pub fn fit(&mut self, stats: &ScreenStats, clean_plate: &CleanPlate) {
        mark_by_plate_chromaticity(&self.buffers, stats, &clean_plate.blurred, &mut self.certain);
        self.gain = measure_gain(&self.buffers.blurred[0], &clean_plate.blurred[0], &self.certain).unwrap_or(self.gain);
        keep_certain(&mut self.buffers, stats, &clean_plate.blurred[0], &clean_plate.detail, self.gain, &mut self.certain);
        self.light.fit(&self.blocks, &clean_plate.blocks, &self.certain, &self.buffers.smooth_screen, self.gain, &mut self.plate);
    }

    /// Exposure of each block relative to the clean plate, in steps.
    pub fn exposures(&self, clean_plate: &CleanPlate) -> Vec<u16> {
        let exposure =
            |(plate, clean_plate): (&f32, &f32)| ((plate / clean_plate.max(LUMA_MIN)).clamp(0.02, 4.0) * EXPOSURE_STEPS) as u16;
        self.plate[0].cells.iter().zip(&clean_plate.blocks[0].cells).map(exposure).collect()
    }

    /// Whether the whole frame is black.
    pub fn is_black(&self) -> bool {
        self.blocks[0].cells.iter().all(|luma| *luma < BLACK_LUMA_MAX)
    }

    /// Measures the distance of each block from the plate, multiplied by `distance_weight`.
    pub fn measure_distance(&mut self, metrics: &NoiseMetrics, distance_weight: &Plane<u8>) {
        measure_distance(&metrics.block, &self.blocks, &self.plate, distance_weight, &mut self.distance);
        measure_distance(&metrics.blurred, &self.buffers.blurred, &self.plate, distance_weight, &mut self.blurred_distance);
    }

    /// Colour of a block minus the plate.
    pub fn difference_at(&self, index: usize) -> Ypq {
        [0, 1, 2].map(|channel: usize| self.blocks[channel].cells[index] - self.plate[channel].cells[index])
    }

    /// Colour of the fitted plate at a block.
    pub fn plate_at(&self, index: usize) -> Ypq {
        [0, 1, 2].map(|channel: usize| self.plate[channel].cells[index])
    }
}

fn measure_distance(
    metric: &NoiseMetric,
    blocks: &Blocks,
    plate: &Blocks,
    distance_weight: &Plane<u8>,
    distance: &mut Plane<u8>,
) {
    let ([y, p, q], [plate_y, plate_p, plate_q]) = (blocks, plate);
    let observed = y.cells.iter().zip(&p.cells).zip(&q.cells);
    let plate = plate_y.cells.iter().zip(&plate_p.cells).zip(&plate_q.cells);
    let places = distance.cells.iter_mut().zip(&distance_weight.cells).zip(observed).zip(plate);
    for (((distance, distance_weight), ((y, p), q)), ((plate_y, plate_p), plate_q)) in places {
        let squared = metric.distance([y - plate_y, p - plate_p, q - plate_q]);
        *distance = byte(squared * f32::from(*distance_weight) * (DISTANCE_STEPS / FULL_WEIGHT));
    }
}

/// Height of the picture. Units: widths of a block.
pub fn picture_height_blocks(format: &PlanarFormat) -> f32 {
    (format.height as f32 / format.across as f32).max(1.0)
}
