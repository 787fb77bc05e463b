//! One frame compared with the clean plate: blocks, plate fitted to the frame's light, distance of
//! each block from it.

use crate::blocks::{Blocks, LumaRows, Siting, color_at, read_blocks, shrink_row};
use crate::clean_plate::CleanPlate;
use crate::color::{byte, subtract};
use crate::light_fit::{Light, LightFit, LightLines, measure_gain};
use crate::planar::PlanarFormat;
use crate::plane::{Plane, blur_rows};
use crate::sample::{Sample, rotate_to_hue};
use crate::screen_mask::{MaskBuffers, ScreenStats, keep_certain, mark_by_plate_chromaticity};
use crate::screen_space::Ypq;

/// Steps of a stored distance per unit; distances from 255 steps on are equal.
pub const DISTANCE_STEPS: f32 = 4.0;

/// Least height of the grid on which screen is marked and light is fitted; both vary slowly.
/// Units: widths of a cell.
const CELL_ROWS_MIN: f32 = 240.0;
/// Largest luma of a black frame. Units: of 255.
pub const BLACK_LUMA_MAX: f32 = 5.0;
/// Distance weight of a block whose temporal deviation is explained by noise.
pub const FULL_WEIGHT: f32 = 255.0;

/// A frame and its comparison with the plate; the buffers are reused for each frame.
#[derive(Debug, Clone)]
pub struct PlateComparison {
    /// The frame: luma, chroma along and across the screen's hue.
    pub blocks: Blocks,
    /// The clean plate, fitted to the light of this frame.
    pub plate: Blocks,
    /// Blocks along each side of a cell of `cells`.
    pub scale: usize,
    /// The frame on the grid on which screen is marked and light is fitted: means of square cells.
    pub cells: Blocks,
    /// 1 where a cell is certain screen, else 0.
    pub certain: Plane<u8>,
    /// Squared Mahalanobis distance from the plate under its noise, in steps.
    pub distance: Plane<u8>,
    /// As above for the blurred frame, which has less noise.
    pub blurred_distance: Plane<u8>,
    pub buffers: MaskBuffers,
    light: LightFit,
    light_lines: LightLines,
    lines: [Vec<f32>; 3],
    line: Vec<f32>,
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

    /// Distances of a row from the plate, in steps, multiplied by their weights.
    pub fn write_distances(&self, [y, p, q]: [&[f32]; 3], plate: [&[f32]; 3], weights: &[u8], out: &mut [u8]) {
        let [plate_y, plate_p, plate_q] = plate;
        let observed = y.iter().zip(p).zip(q);
        let plate = plate_y.iter().zip(plate_p).zip(plate_q);
        for (((distance, weight), ((y, p), q)), ((plate_y, plate_p), plate_q)) in
            out.iter_mut().zip(weights).zip(observed).zip(plate)
        {
            let squared = self.distance([y - plate_y, p - plate_p, q - plate_q]);
            *distance = byte(squared * f32::from(*weight) * (DISTANCE_STEPS / FULL_WEIGHT));
        }
    }
}

impl PlateComparison {
    pub fn new(format: &PlanarFormat) -> Self {
        let (columns, rows) = (format.columns(), format.rows());
        let scale = ((picture_height_blocks(format) / CELL_ROWS_MIN) as usize).max(1);
        let plane = Plane::new(columns, rows, 0.0);
        let blocks = [plane.clone(), plane.clone(), plane];
        let cells = crate::blocks::shrink(&blocks, scale);
        let bytes = Plane::new(columns, rows, 0);
        let (cell_columns, cell_rows) = (cells[0].columns, cells[0].rows);
        Self {
            plate: blocks.clone(),
            blocks,
            scale,
            certain: Plane::new(cell_columns, cell_rows, 0),
            cells,
            blurred_distance: bytes.clone(),
            distance: bytes,
            buffers: MaskBuffers::new(cell_columns, cell_rows),
            light: LightFit::new(cell_columns, cell_rows, picture_height_blocks(format) / scale as f32),
            light_lines: LightLines::new(columns),
            lines: [(); 3].map(|()| vec![0.0; columns]),
            line: vec![0.0; columns],
            luma_rows: LumaRows::new(format),
            gain: 1.0,
        }
    }

    /// Reads a frame and rotates its chroma to a hue.
    pub fn read(&mut self, format: &PlanarFormat, siting: Siting, frame: &[u8], hue: [f32; 2]) {
        let planes = format.planes(frame);
        for row in 0..format.rows() {
            let [y, p, q] = self.blocks.each_mut().map(|plane| plane.row_mut(row));
            read_blocks(format, siting, planes, row, &mut self.luma_rows, [&mut *y, &mut *p, &mut *q]);
            for (p, q) in p.iter_mut().zip(q) {
                [_, *p, *q] = rotate_to_hue([0.0, *p, *q], hue);
            }
            self.end_row(row);
        }
        self.buffers.blur(&self.cells);
    }

    /// Reads a sample and rotates its chroma to a hue.
    pub fn read_sample(&mut self, sample: &Sample, hue: [f32; 2]) {
        for row in 0..self.blocks[0].rows {
            sample.read_row(row, hue, self.blocks.each_mut().map(|plane| plane.row_mut(row)));
            self.end_row(row);
        }
        self.buffers.blur(&self.cells);
    }

    /// Writes the row of cells that ends with a row of blocks.
    fn end_row(&mut self, row: usize) {
        if (row + 1).is_multiple_of(self.scale) || row + 1 == self.blocks[0].rows {
            shrink_row(&self.blocks, row / self.scale, self.scale, &mut self.line, &mut self.cells);
        }
    }

    /// Marks certain screen and fits the clean plate to it.
    pub fn fit(&mut self, stats: &ScreenStats, clean_plate: &CleanPlate) {
        self.fit_light(stats, clean_plate);
        let light = std::mem::take(&mut self.light.light);
        self.apply_light(&light, clean_plate);
        self.light.light = light;
    }

    /// As [`PlateComparison::fit`], without writing the plate.
    pub fn fit_light(&mut self, stats: &ScreenStats, clean_plate: &CleanPlate) -> &Light {
        let stats = &stats.at_scale(self.scale);
        mark_by_plate_chromaticity(&self.buffers, stats, &clean_plate.blurred, &mut self.certain);
        self.gain = measure_gain(&self.buffers.blurred[0], &clean_plate.blurred[0], &self.certain).unwrap_or(self.gain);
        keep_certain(&mut self.buffers, stats, &clean_plate.blurred[0], &clean_plate.detail, self.gain, &mut self.certain);
        self.light.fit(&self.cells, &clean_plate.cells, &self.certain, &self.buffers.smooth_screen, self.gain);
        &self.light.light
    }

    /// Writes the plate in a light.
    pub fn apply_light(&mut self, light: &Light, clean_plate: &CleanPlate) {
        self.light_lines.reset();
        for row in 0..self.plate[0].rows {
            let out = self.plate.each_mut().map(|plane| plane.row_mut(row));
            light.write_plate_row(row, self.scale, &clean_plate.blocks, &mut self.light_lines, out);
        }
    }

    /// Whether the whole frame is black.
    pub fn is_black(&self) -> bool {
        self.blocks[0].cells.iter().all(|luma| *luma < BLACK_LUMA_MAX)
    }

    /// Measures the distance of each block from the plate, multiplied by `distance_weight`.
    pub fn measure_distance(&mut self, metrics: &NoiseMetrics, distance_weight: &Plane<u8>) {
        let Self { blocks, plate, distance, blurred_distance, lines, line, .. } = self;
        for row in 0..distance.rows {
            let (plate, weights) = (plate.each_ref().map(|plane| plane.row(row)), distance_weight.row(row));
            metrics.block.write_distances(blocks.each_ref().map(|plane| plane.row(row)), plate, weights, distance.row_mut(row));
            for (plane, blurred) in blocks.iter().zip(lines.iter_mut()) {
                blur_rows(plane.three_rows(row), line, blurred);
            }
            let blurred = lines.each_ref().map(Vec::as_slice);
            metrics.blurred.write_distances(blurred, plate, weights, blurred_distance.row_mut(row));
        }
    }

    /// Binomial 3 × 3 mean at a block; the border repeats.
    pub fn blurred_at(&self, index: usize) -> Ypq {
        let (row, column) = (index / self.distance.columns, index % self.distance.columns);
        let (left, right) = (column.saturating_sub(1), (column + 1).min(self.distance.columns - 1));
        let (above, below) = (row.saturating_sub(1), (row + 1).min(self.distance.rows - 1));
        let starts = [above, row, below].map(|row| row * self.distance.columns);
        let mean = |plane: &Plane<f32>| {
            let sum = |start: usize| {
                let row = &plane.cells[start + left..=start + right];
                row[0] + 2.0 * row[column - left] + row[right - left]
            };
            (sum(starts[0]) + 2.0 * sum(starts[1]) + sum(starts[2])) * (1.0 / 16.0)
        };
        let [y, p, q] = &self.blocks;
        [mean(y), mean(p), mean(q)]
    }

    /// Colour of a block minus the plate.
    pub fn difference_at(&self, index: usize) -> Ypq {
        subtract(color_at(&self.blocks, index), self.plate_at(index))
    }

    /// Colour of the fitted plate at a block.
    pub fn plate_at(&self, index: usize) -> Ypq {
        color_at(&self.plate, index)
    }
}

/// Height of the picture. Units: widths of a block.
pub fn picture_height_blocks(format: &PlanarFormat) -> f32 {
    (format.height as f32 / format.across as f32).max(1.0)
}
