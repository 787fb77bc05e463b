//! One frame against the screen: read into blocks, the plate fitted to its light, and how far each block is from it.

use crate::chroma::{Lines, Siting, read_blocks};
use crate::classes::{Blocks, Clean, LUMA_MIN, Look, Scratch, keep_sure, mark_like_plate};
use crate::color::{Ypq, byte};
use crate::frame::PlanarFormat;
use crate::light::{LightFit, find_gain};
use crate::plane::Plane;
use crate::plate::SHADE_UNIT;
use crate::sample::{Sample, turned};

/// Steps of oddness per unit; 255 steps and more are one.
pub const ODD_UNIT: f32 = 4.0;

/// A frame whose luma stays below this is black. Units: of 255.
const BLACK_LUMA_MAX: f32 = 5.0;
/// A screen that is no more restless than its noise says.
pub const CALM: f32 = 255.0;

/// A frame's planes, used again for each frame.
#[derive(Debug, Clone)]
pub struct View {
    /// What is seen: luma, chroma along and across the screen's hue.
    pub blocks: Blocks,
    /// The plate in this frame's light.
    pub plate: Blocks,
    /// 1 where a block is screen for certain.
    pub sure: Plane<u8>,
    /// Squared distance from the plate in deviations of its noise, in steps.
    pub odd: Plane<u8>,
    /// Likewise of the lightly blurred frame, in which less is noise.
    pub soft_odd: Plane<u8>,
    pub scratch: Scratch,
    light: LightFit,
    lines: Lines,
    /// Brightness against the clean plate.
    pub gain: f32,
}

/// The screen's noise: the inverse of its covariance, six of nine.
#[derive(Debug, Clone, Copy, Default)]
pub struct Metric(pub [f32; 6]);

/// The noise of blocks, and of blocks that are lightly blurred.
#[derive(Debug, Clone, Copy, Default)]
pub struct Metrics {
    pub own: Metric,
    pub soft: Metric,
}

impl Metric {
    pub fn distance(&self, [y, p, q]: Ypq) -> f32 {
        let [yy, pp, qq, yp, yq, pq] = self.0;
        y * y * yy + p * p * pp + q * q * qq + 2.0 * (y * p * yp + y * q * yq + p * q * pq)
    }
}

impl View {
    pub fn new(format: &PlanarFormat) -> Self {
        let (columns, rows) = (format.columns(), format.rows());
        let plane = Plane::new(columns, rows, 0.0);
        let blocks = [plane.clone(), plane.clone(), plane];
        let bytes = Plane::new(columns, rows, 0);
        Self {
            plate: blocks.clone(),
            blocks,
            sure: bytes.clone(),
            soft_odd: bytes.clone(),
            odd: bytes,
            scratch: Scratch::new(columns, rows),
            light: LightFit::new(columns, rows, unit(format)),
            lines: Lines::new(format),
            gain: 1.0,
        }
    }

    /// Reads a frame, with chroma turned to a hue.
    pub fn read(&mut self, format: &PlanarFormat, siting: Siting, frame: &[u8], hue: [f32; 2]) {
        let planes = format.planes(frame);
        let [y, p, q] = &mut self.blocks;
        for row in 0..format.rows() {
            let (y, p, q) = (y.row_mut(row), p.row_mut(row), q.row_mut(row));
            read_blocks(format, siting, planes, row, &mut self.lines, [&mut *y, &mut *p, &mut *q]);
            for (p, q) in p.iter_mut().zip(q.iter_mut()) {
                [_, *p, *q] = turned([0.0, *p, *q], hue);
            }
        }
        self.scratch.soften(&self.blocks);
    }

    /// Reads a kept frame likewise.
    pub fn load(&mut self, sample: &Sample, hue: [f32; 2]) {
        let [y, p, q] = &mut self.blocks;
        for row in 0..y.rows {
            sample.read_row(row, hue, [y.row_mut(row), p.row_mut(row), q.row_mut(row)]);
        }
        self.scratch.soften(&self.blocks);
    }

    /// Finds the certain screen and fits the clean plate to it.
    pub fn fit(&mut self, look: &Look, clean: &Clean) {
        mark_like_plate(&self.scratch, look, &clean.soft, &mut self.sure);
        self.gain = find_gain(&self.scratch.soft[0], &clean.soft[0], &self.sure).unwrap_or(self.gain);
        keep_sure(&mut self.scratch, look, &clean.soft[0], &clean.detail, self.gain, &mut self.sure);
        self.light.fit(&self.blocks, &clean.blocks, &self.sure, &self.scratch.smooth_like, self.gain, &mut self.plate);
    }

    /// The frame's brightness against the clean plate, block by block.
    pub fn shades(&self, clean: &Clean) -> Vec<u16> {
        let shade = |(plate, clean): (&f32, &f32)| ((plate / clean.max(LUMA_MIN)).clamp(0.02, 4.0) * SHADE_UNIT) as u16;
        self.plate[0].cells.iter().zip(&clean.blocks[0].cells).map(shade).collect()
    }

    /// Whether hardly anything is to be seen.
    pub fn is_black(&self) -> bool {
        self.blocks[0].cells.iter().all(|luma| *luma < BLACK_LUMA_MAX)
    }

    /// Measures how odd each block is; `calm` scales that down where the screen is restless.
    pub fn measure(&mut self, metrics: &Metrics, calm: &Plane<u8>) {
        measure(&metrics.own, &self.blocks, &self.plate, calm, &mut self.odd);
        measure(&metrics.soft, &self.scratch.soft, &self.plate, calm, &mut self.soft_odd);
    }

    /// A block's colour less the screen's.
    pub fn seen_at(&self, index: usize) -> Ypq {
        [0, 1, 2].map(|channel: usize| self.blocks[channel].cells[index] - self.plate[channel].cells[index])
    }

    /// The screen's colour at a block.
    pub fn plate_at(&self, index: usize) -> Ypq {
        [0, 1, 2].map(|channel: usize| self.plate[channel].cells[index])
    }
}

fn measure(metric: &Metric, blocks: &Blocks, plate: &Blocks, calm: &Plane<u8>, odd: &mut Plane<u8>) {
    let ([y, p, q], [plate_y, plate_p, plate_q]) = (blocks, plate);
    let seen = y.cells.iter().zip(&p.cells).zip(&q.cells);
    let plate = plate_y.cells.iter().zip(&plate_p.cells).zip(&plate_q.cells);
    let places = odd.cells.iter_mut().zip(&calm.cells).zip(seen).zip(plate);
    for (((odd, calm), ((y, p), q)), ((plate_y, plate_p), plate_q)) in places {
        let distance = metric.distance([y - plate_y, p - plate_p, q - plate_q]);
        *odd = byte(distance * f32::from(*calm) * (ODD_UNIT / CALM));
    }
}

/// Blocks that are as long as the picture is high.
pub fn unit(format: &PlanarFormat) -> f32 {
    (format.height as f32 / format.across as f32).max(1.0)
}
