//! Blocks of a frame: the pixels that share a chroma sample, with luma filtered to the position of
//! chroma. Chroma siting.

use crate::planar::{PlanarFormat, read_row};
use crate::plane::Plane;
use crate::screen_space::Ypq;

/// Planes of luma, chroma along and chroma across the screen's hue.
pub type Blocks = [Plane<f32>; 3];

/// Colour of one block.
pub fn color_at([y, p, q]: &Blocks, index: usize) -> Ypq {
    [y.cells[index], p.cells[index], q.cells[index]]
}

/// Writes one row of a picture with 1/`scale` as many columns and rows: means of squares of blocks.
/// `line` is a buffer.
pub fn shrink_row(blocks: &Blocks, row: usize, scale: usize, line: &mut Vec<f32>, out: &mut Blocks) {
    for (plane, out) in blocks.iter().zip(out) {
        let out = out.row_mut(row);
        if scale == 1 {
            out.copy_from_slice(plane.row(row));
            continue;
        }
        let rows = row * scale..((row + 1) * scale).min(plane.rows);
        let count = rows.len();
        line.clear();
        line.extend_from_slice(plane.row(rows.start));
        for row in rows.skip(1) {
            for (line, value) in line.iter_mut().zip(plane.row(row)) {
                *line += value;
            }
        }
        if scale == 2 {
            let scale = 1.0 / (2 * count) as f32;
            for (out, [left, right]) in out.iter_mut().zip(line.as_chunks::<2>().0) {
                *out = (left + right) * scale;
            }
            if let ([last], Some(out)) = (line.as_chunks::<2>().1, out.last_mut()) {
                *out = last / count as f32;
            }
            continue;
        }
        for (out, values) in out.iter_mut().zip(line.chunks(scale)) {
            *out = values.iter().sum::<f32>() / (values.len() * count) as f32;
        }
    }
}

/// A whole picture by [`shrink_row`].
pub fn shrink(blocks: &Blocks, scale: usize) -> Blocks {
    let small = Plane::new(blocks[0].columns.div_ceil(scale), blocks[0].rows.div_ceil(scale), 0.0);
    let mut out = [small.clone(), small.clone(), small];
    for row in 0..out[0].rows {
        shrink_row(blocks, row, scale, &mut Vec::new(), &mut out);
    }
    out
}

/// Horizontal chroma siting. Tags are often wrong or missing, so it is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Siting {
    /// Co-sited with the first pixel of each pair, the default of H.264.
    #[default]
    Left,
    /// Midway between the two pixels.
    Center,
}

impl Siting {
    /// Horizontal offsets of a block's pixels from its chroma sample. Units: blocks.
    #[must_use]
    #[inline]
    pub const fn offsets(self, across: usize) -> [f32; 2] {
        match (self, across) {
            (_, 1) => [0.0, 0.0],
            (Self::Left, _) => [0.0, 0.5],
            (Self::Center, _) => [-0.25, 0.25],
        }
    }
}

/// Luma rows of one row of blocks.
#[derive(Debug, Clone)]
pub struct LumaRows {
    upper: Vec<f32>,
    lower: Vec<f32>,
}

impl LumaRows {
    pub fn new(format: &PlanarFormat) -> Self {
        Self { upper: vec![0.0; format.width], lower: vec![0.0; format.width] }
    }
}

/// Reads one row of blocks: luma filtered to the position of chroma, Cb, Cr.
pub fn read_blocks(
    format: &PlanarFormat,
    siting: Siting,
    planes: [&[u8]; 3],
    row: usize,
    luma_rows: &mut LumaRows,
    [y, cb, cr]: [&mut [f32]; 3],
) {
    let size = format.sample_size_bytes();
    let top = row * format.down;
    let bottom = (top + format.down - 1).min(format.height - 1);
    let (upper, lower) = (&mut luma_rows.upper, &mut luma_rows.lower);
    read_row(planes[0], format.width, top, size, upper, format.luma_scale());
    if bottom > top {
        read_row(planes[0], format.width, bottom, size, lower, format.luma_scale());
        for (upper, lower) in upper.iter_mut().zip(lower.iter()) {
            *upper = (*upper + *lower) * 0.5;
        }
    }
    if format.across == 1 {
        y.copy_from_slice(upper);
    } else {
        filter_luma(upper, siting, y);
    }
    let columns = y.len();
    read_row(planes[1], columns, row, size, cb, format.chroma_scale());
    read_row(planes[2], columns, row, size, cr, format.chroma_scale());
}

/// Filters a row of luma to half its width.
fn filter_luma(line: &[f32], siting: Siting, y: &mut [f32]) {
    let last = line.len() - 1;
    let pairs = line.as_chunks::<2>().0;
    match siting {
        Siting::Left => {
            let mut before = line[0];
            for (y, [own, next]) in y.iter_mut().zip(pairs) {
                *y = before * 0.25 + own * 0.5 + next * 0.25;
                before = *next;
            }
            if !line.len().is_multiple_of(2)
                && let Some(y) = y.last_mut()
            {
                *y = before * 0.25 + line[last] * 0.75;
            }
        }
        Siting::Center => {
            for (y, [own, next]) in y.iter_mut().zip(pairs) {
                *y = (own + next) * 0.5;
            }
            if !line.len().is_multiple_of(2)
                && let Some(y) = y.last_mut()
            {
                *y = line[last];
            }
        }
    }
}

/// Measures the siting: at the right one, chroma is closest to a linear function of luma across
/// edges.
#[derive(Debug, Clone, Default)]
pub struct SitingEstimator {
    left: f64,
    center: f64,
}

/// Least chroma variance of a 3 × 3 window that is measured. Units: variance, of 255.
const VARIANCE_MIN: f32 = 26.0;
/// Distance of the rows that are measured. Units: blocks.
const ROW_STRIDE: usize = 4;

impl SitingEstimator {
    /// Adds a frame.
    pub fn add(&mut self, format: &PlanarFormat, frame: &[u8]) {
        let (columns, rows) = (format.columns(), format.rows());
        if format.across == 1 || columns < 3 || rows < 3 {
            return;
        }
        self.left += misfit(format, Siting::Left, frame);
        self.center += misfit(format, Siting::Center, frame);
    }

    pub fn siting(&self) -> Siting {
        if self.center < self.left { Siting::Center } else { Siting::Left }
    }
}

fn misfit(format: &PlanarFormat, siting: Siting, frame: &[u8]) -> f64 {
    let (columns, rows, planes) = (format.columns(), format.rows(), format.planes(frame));
    let mut luma_rows = LumaRows::new(format);
    let row = || [vec![0.0; columns], vec![0.0; columns], vec![0.0; columns]];
    let mut window = [row(), row(), row()];
    let mut sum = 0.0;
    for middle in (1..rows - 1).step_by(ROW_STRIDE) {
        for (offset, [y, cb, cr]) in window.iter_mut().enumerate() {
            read_blocks(format, siting, planes, middle + offset - 1, &mut luma_rows, [y, cb, cr]);
        }
        for column in 1..columns - 1 {
            sum += residual(&window, column);
        }
    }
    sum
}

/// Residual variance of chroma after linear regression on luma over 3 × 3 blocks.
fn residual(window: &[[Vec<f32>; 3]; 3], column: usize) -> f64 {
    let mut sums = [0.0_f32; 8];
    let base = [0, 1, 2].map(|channel: usize| window[1][channel][column]);
    for row in window {
        let [y, cb, cr] = row;
        let near = column - 1..=column + 1;
        for ((y, cb), cr) in y[near.clone()].iter().zip(&cb[near.clone()]).zip(&cr[near]) {
            let (y, b, r) = (y - base[0], cb - base[1], cr - base[2]);
            for (sum, value) in sums.iter_mut().zip([y, y * y, b, b * b, y * b, r, r * r, y * r]) {
                *sum += value * (1.0 / 9.0);
            }
        }
    }
    let luma = sums[1] - sums[0] * sums[0] + 0.65;
    let residual_variance = |mean: f32, square: f32, product: f32| {
        let variance = square - mean * mean;
        let covariance = product - mean * sums[0];
        if variance > VARIANCE_MIN { f64::from(variance - covariance * covariance / luma) } else { 0.0 }
    };
    residual_variance(sums[2], sums[3], sums[4]) + residual_variance(sums[5], sums[6], sums[7])
}
