//! An evenly spread sample of a planar frame's blocks, where a block is the pixels that share a
//! chroma sample. Luma is 0 to 255, chroma −127.5 to 127.5.

#![expect(clippy::cast_precision_loss, reason = "a block has four pixels at most")]

use std::ops::Range;

use rayon::prelude::*;

use keyer::color::{dot, subtract};
use keyer::planar::{PlanarFormat, YuvMatrix};

/// Luma and both chroma channels.
pub type Ycc = [f32; 3];

/// Most blocks along the longer side.
const SIDE_BLOCKS_MAX: usize = 480;
/// Pixels of a block at most.
pub const PIXELS: usize = 4;

/// The sampled blocks of one frame.
#[derive(Debug)]
pub struct Blocks {
    format: PlanarFormat,
    step: usize,
    /// Units: sampled blocks.
    pub columns: usize,
    /// Units: sampled blocks.
    pub rows: usize,
    lumas: Vec<[f32; PIXELS]>,
    chromas: Vec<[f32; 2]>,
}

impl Blocks {
    /// For frames of this format.
    pub fn new(format: PlanarFormat) -> Self {
        let step = format.columns().max(format.rows()).div_ceil(SIDE_BLOCKS_MAX).max(1);
        let (columns, rows) = (format.columns().div_ceil(step), format.rows().div_ceil(step));
        let count = columns * rows;
        Self { format, step, columns, rows, lumas: vec![[0.0; PIXELS]; count], chromas: vec![[0.0; 2]; count] }
    }

    /// Reads a frame.
    pub fn read(&mut self, frame: &[u8]) {
        let (format, step) = (self.format, self.step);
        let [luma, cb, cr] = format.planes(frame);
        let (light, color) = (format.luma_scale(), format.chroma_scale());
        let code = |plane: &[u8], index: usize, (gain, offset): (f32, f32)| format.code(plane, index) * gain + offset;
        let rows = self.lumas.par_chunks_mut(self.columns).zip(self.chromas.par_chunks_mut(self.columns));
        rows.enumerate().with_min_len(CHUNK_ROWS).for_each(|(row, (lumas, chromas))| {
            for (column, (lumas, chroma)) in lumas.iter_mut().zip(chromas).enumerate() {
                let index = row * step * format.columns() + column * step;
                *chroma = [code(cb, index, color), code(cr, index, color)];
                for (pixel, value) in lumas.iter_mut().enumerate() {
                    let (x, y) = place(format, column * step, row * step, pixel);
                    *value = code(luma, y * format.width + x, light);
                }
            }
        });
    }

    /// The position of a pixel of a block. Blocks with fewer than four pixels repeat theirs.
    pub fn position(&self, column: usize, row: usize, pixel: usize) -> (usize, usize) {
        place(self.format, column * self.step, row * self.step, pixel)
    }

    /// The sampled block nearest to a pixel, to its left and above.
    pub fn block_of(&self, x: usize, y: usize) -> (usize, usize) {
        (x / self.format.across / self.step, y / self.format.down / self.step)
    }

    /// One block.
    pub fn at(&self, column: usize, row: usize) -> (&[f32; PIXELS], &[f32; 2]) {
        let index = row * self.columns + column;
        (&self.lumas[index], &self.chromas[index])
    }

    /// The colours of some blocks in a row.
    pub fn means(&self, row: usize, columns: Range<usize>) -> impl Iterator<Item = Ycc> {
        columns.map(move |column| {
            let (lumas, [cb, cr]) = self.at(column, row);
            [lumas.iter().sum::<f32>() / PIXELS as f32, *cb, *cr]
        })
    }

    /// Sum of squared distances from a colour over some blocks in a row: of pixels in luma, of
    /// blocks in chroma.
    pub fn deviation(&self, row: usize, columns: Range<usize>, [y, first, second]: Ycc) -> f32 {
        let of_block = |column| {
            let (lumas, [cb, cr]) = self.at(column, row);
            let light = lumas.iter().map(|luma| (luma - y) * (luma - y)).sum::<f32>() / PIXELS as f32;
            light + (cb - first) * (cb - first) + (cr - second) * (cr - second)
        };
        columns.map(of_block).sum()
    }
}

/// Least number of rows of blocks for one thread.
pub const CHUNK_ROWS: usize = 16;

fn place(format: PlanarFormat, column: usize, row: usize, pixel: usize) -> (usize, usize) {
    let (dx, dy) = (pixel % 2, pixel / 2);
    let x = (column * format.across + dx.min(format.across - 1)).min(format.width - 1);
    let y = (row * format.down + dy.min(format.down - 1)).min(format.height - 1);
    (x, y)
}

/// The matrix from RGB to luma and chroma.
/// Source: ITU-T H.273, matrix coefficients.
pub fn matrix(matrix: YuvMatrix) -> [Ycc; 3] {
    let (red, blue) = matrix.red_blue();
    let green = 1.0 - red - blue;
    let (first, second) = (2.0 * (1.0 - blue), 2.0 * (1.0 - red));
    [
        [red, green, blue],
        [-red / first, -green / first, (1.0 - blue) / first],
        [(1.0 - red) / second, -green / second, -blue / second],
    ]
}

/// A matrix times a colour.
pub fn times(rows: &[Ycc; 3], color: [f32; 3]) -> Ycc {
    rows.map(|row| row[0] * color[0] + row[1] * color[1] + row[2] * color[2])
}

/// Squared distance of two colours.
pub fn squared_distance(left: Ycc, right: Ycc) -> f32 {
    let apart = subtract(left, right);
    dot(apart, apart)
}
