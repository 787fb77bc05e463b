//! A frame as blocks: the pixels that share a chroma sample, with luma filtered to where chroma was sampled.

use crate::frame::{PlanarFormat, read_row};

/// Where chroma lies between the pixels of a row. Tags are often wrong or missing, so it is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Siting {
    /// On the first pixel of each pair, as H.264 says by default.
    #[default]
    Left,
    /// Between the two.
    Center,
}

impl Siting {
    /// How far the pixels of a block are from its chroma sample, across. Units: blocks.
    pub const fn offsets(self, across: usize) -> [f32; 2] {
        match (self, across) {
            (_, 1) => [0.0, 0.0],
            (Self::Left, _) => [0.0, 0.5],
            (Self::Center, _) => [-0.25, 0.25],
        }
    }
}

/// Lines that one row of blocks is read through.
#[derive(Debug, Clone)]
pub struct Lines {
    upper: Vec<f32>,
    lower: Vec<f32>,
}

impl Lines {
    pub fn new(format: &PlanarFormat) -> Self {
        Self { upper: vec![0.0; format.width], lower: vec![0.0; format.width] }
    }
}

/// Reads one row of blocks: luma at chroma's place, Cb, Cr.
pub fn read_blocks(
    format: &PlanarFormat,
    siting: Siting,
    planes: [&[u8]; 3],
    row: usize,
    lines: &mut Lines,
    [y, cb, cr]: [&mut [f32]; 3],
) {
    let size = format.sample_size_bytes();
    let top = row * format.down;
    let bottom = (top + format.down - 1).min(format.height - 1);
    let (upper, lower) = (&mut lines.upper, &mut lines.lower);
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
        gather_luma(upper, siting, y);
    }
    let columns = y.len();
    read_row(planes[1], columns, row, size, cb, format.chroma_scale());
    read_row(planes[2], columns, row, size, cr, format.chroma_scale());
}

/// Filters a line of luma to half as many places.
fn gather_luma(line: &[f32], siting: Siting, y: &mut [f32]) {
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

/// Finds the siting: where chroma is assumed rightly, it is a linear function of luma across an edge.
#[derive(Debug, Clone, Default)]
pub struct SitingVote {
    left: f64,
    center: f64,
}

/// Chroma that varies less in a window tells nothing. Units: variance, of 255.
const TELLING_VARIANCE: f32 = 26.0;
/// Rows that are looked at: every so many.
const ROW_STRIDE: usize = 4;

impl SitingVote {
    /// Takes note of a frame.
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
    let mut lines = Lines::new(format);
    let row = || [vec![0.0; columns], vec![0.0; columns], vec![0.0; columns]];
    let mut window = [row(), row(), row()];
    let mut sum = 0.0;
    for middle in (1..rows - 1).step_by(ROW_STRIDE) {
        for (offset, [y, cb, cr]) in window.iter_mut().enumerate() {
            read_blocks(format, siting, planes, middle + offset - 1, &mut lines, [y, cb, cr]);
        }
        for column in 1..columns - 1 {
            sum += residual(&window, column);
        }
    }
    sum
}

/// What a line through nine pairs of luma and chroma leaves of chroma's variance.
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
    let part = |mean: f32, square: f32, both: f32| {
        let variance = square - mean * mean;
        let shared = both - mean * sums[0];
        if variance > TELLING_VARIANCE { f64::from(variance - shared * shared / luma) } else { 0.0 }
    };
    part(sums[2], sums[3], sums[4]) + part(sums[5], sums[6], sums[7])
}
