//! The background plate at full size: mean and variance of the samples in which each pixel shows
//! the background.

#![expect(clippy::cast_precision_loss, reason = "counts of samples are small")]

use rayon::prelude::*;

use super::background_model::BackgroundModel;
use super::color::{Rgb, Ycc, rgb, ycc};
use super::exposure::Exposure;
use super::grid::Grid;
use keyer::color::byte;

/// Approximate number of rows of the grid of cells on which frames are compared with the plate.
const CELL_ROWS: usize = 300;
/// Least standard deviation of a cell, in codes: files are rounded and compressed.
const DEVIATION_MIN: Ycc = [2.0, 1.3, 1.3];

/// A clean plate of the background.
#[derive(Debug)]
pub struct Plate {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Packed RGB.
    pub(super) pixels: Vec<u8>,
    /// Pixels along a cell's side.
    pub(super) side: usize,
    pub(super) cells: Grid,
    pub(super) colors: Vec<Rgb>,
    /// Variance of each cell's colour over time.
    pub(super) variance: Vec<Ycc>,
}

/// Accumulates the plate from full-size samples.
#[derive(Debug)]
pub struct PlateAccumulator {
    width: usize,
    height: usize,
    model: BackgroundModel,
    /// Bit mask, by pixel of the small frames, of the samples in which the 3 × 3 neighbourhood
    /// shows the background.
    visible: Vec<u64>,
    sums: Vec<[f32; 4]>,
    side: usize,
    cells: Grid,
    cell_sums: Vec<CellSum>,
}

#[derive(Debug, Clone, Copy, Default)]
struct CellSum {
    color: Ycc,
    square: Ycc,
    count: f32,
}

impl PlateAccumulator {
    /// An empty accumulator for frames of this size.
    /// Units: pixels.
    #[must_use]
    pub fn new(model: BackgroundModel, width: usize, height: usize) -> Self {
        let side = ((height + CELL_ROWS / 2) / CELL_ROWS).max(1);
        let cells = Grid { columns: width.div_ceil(side), rows: height.div_ceil(side) };
        let visible = visible(&model);
        let (sums, cell_sums) = (vec![[0.0; 4]; width * height], vec![CellSum::default(); cells.len()]);
        Self { width, height, model, visible, sums, side, cells, cell_sums }
    }

    /// Adds the `index`-th sample, packed RGB.
    pub fn add(&mut self, index: usize, pixels: &[u8]) {
        let Some(exposure) = self.model.exposures.get(index).copied() else { return };
        let (width, height, small, visible) = (self.width, self.height, self.model.grid, &self.visible);
        self.sums.par_chunks_mut(width).zip(pixels.par_chunks_exact(width * 3)).enumerate().for_each(|(y, (sums, row))| {
            let visible = &visible[y * small.rows / height * small.columns..];
            for (x, (sum, pixel)) in sums.iter_mut().zip(row.as_chunks::<3>().0).enumerate() {
                if visible[x * small.columns / width] >> index & 1 == 1 {
                    let color = exposure.undo(rgb(*pixel));
                    *sum = [sum[0] + color[0], sum[1] + color[1], sum[2] + color[2], sum[3] + 1.0];
                }
            }
        });
        let (cells, side) = (self.cells, self.side);
        let means = cell_means::<3>(cells, side, width, height, pixels);
        self.cell_sums.par_iter_mut().zip(&means).enumerate().for_each(|(cell, (sum, mean))| {
            let (x, y) = (cell % cells.columns * side + side / 2, cell / cells.columns * side + side / 2);
            let (column, row) = (x.min(width - 1) * small.columns / width, y.min(height - 1) * small.rows / height);
            if visible[row * small.columns + column] >> index & 1 == 1 {
                let color = ycc(exposure.undo(*mean));
                sum.color = [0, 1, 2].map(|channel| sum.color[channel] + color[channel]);
                sum.square = [0, 1, 2].map(|channel| sum.square[channel] + color[channel] * color[channel]);
                sum.count += 1.0;
            }
        });
    }

    /// Returns the plate; pixels that no sample shows are taken from the given plate, packed RGB of
    /// the same size.
    #[must_use]
    pub fn finish(self, given_plate: Option<&[u8]>) -> Plate {
        let exposure = self.model.given_plate.unwrap_or_default();
        let mut pixels = vec![0; self.width * self.height * 3];
        for (index, (pixel, sum)) in pixels.as_chunks_mut::<3>().0.iter_mut().zip(&self.sums).enumerate() {
            let shown = given_plate
                .and_then(|given_plate| given_plate.as_chunks::<3>().0.get(index))
                .map(|pixel| exposure.undo(rgb(*pixel)));
            *pixel = match (sum, shown) {
                ([red, green, blue, count], _) if *count > 0.0 => [red, green, blue].map(|sum| byte(sum / count)),
                (_, Some(shown)) => shown.map(byte),
                _ => [0; 3],
            };
        }
        if given_plate.is_none() {
            fill_gaps(&mut pixels, &self.sums, self.width);
        }
        let floor = DEVIATION_MIN.map(|deviation| deviation * deviation);
        let noise = self.model.noise;
        let variance: Vec<Ycc> = self
            .cell_sums
            .iter()
            .map(|CellSum { color, square, count }| {
                [0, 1, 2].map(|channel| {
                    // Few samples are a poor estimate: the noise of the picture counts as four
                    // more.
                    let prior = 4.0;
                    let squares = (square[channel] - color[channel] * color[channel] / count.max(1.0)).max(0.0);
                    (squares + prior * noise[channel] * noise[channel]) / (count + prior - 1.0)
                })
            })
            .collect();
        let variance = smooth_variance(self.cells, &variance, floor);
        let colors = cell_means::<3>(self.cells, self.side, self.width, self.height, &pixels);
        Plate { width: self.width, height: self.height, pixels, side: self.side, cells: self.cells, colors, variance }
    }
}

/// Samples in which all pixels of the 3 × 3 neighbourhood show the background; where those are
/// fewer than 2, in which the pixel itself does.
fn visible(model: &BackgroundModel) -> Vec<u64> {
    let grid = model.grid;
    (0..grid.len())
        .map(|index| {
            let (column, row) = (index % grid.columns, index / grid.columns);
            let mut bits = model.visible[index];
            for row in row.saturating_sub(1)..(row + 2).min(grid.rows) {
                for column in column.saturating_sub(1)..(column + 2).min(grid.columns) {
                    bits &= model.visible[row * grid.columns + column];
                }
            }
            if bits.count_ones() >= 2 { bits } else { model.visible[index] }
        })
        .collect()
}

/// Gives pixels that no sample shows the colour of the last pixel to the left that one does.
fn fill_gaps(pixels: &mut [u8], sums: &[[f32; 4]], width: usize) {
    for (row, sums) in pixels.chunks_exact_mut(width * 3).zip(sums.chunks_exact(width)) {
        let mut last = None;
        for (pixel, sum) in row.as_chunks_mut::<3>().0.iter_mut().zip(sums) {
            if sum[3] > 0.0 {
                last = Some(*pixel);
            } else if let Some(last) = last {
                *pixel = last;
            }
        }
    }
}

fn smooth_variance(cells: Grid, variance: &[Ycc], floor: Ycc) -> Vec<Ycc> {
    let planes = [0, 1, 2].map(|channel| {
        let plane: Vec<f32> = variance.iter().map(|variance| variance[channel]).collect();
        cells.box_mean(&plane, 1)
    });
    let at = |cell: usize| [0, 1, 2].map(|channel| planes[channel][cell].max(floor[channel]));
    (0..cells.len()).map(at).collect()
}

/// Mean colour of every cell. Pixels are packed, `N` bytes each, RGB first.
pub fn cell_means<const N: usize>(cells: Grid, side: usize, width: usize, height: usize, pixels: &[u8]) -> Vec<Rgb> {
    let mut means = vec![[0.0; 3]; cells.len()];
    means.par_chunks_mut(cells.columns).enumerate().for_each(|(row, means)| {
        let rows = row * side..((row + 1) * side).min(height);
        let count = rows.len();
        for y in rows {
            let line = pixels.get(y * width * N..(y + 1) * width * N).unwrap_or_default();
            for (mean, cell) in means.iter_mut().zip(line.chunks(side * N)) {
                let share = N as f32 / (cell.len() * count) as f32;
                let mut sum = [0_u32; 3];
                for pixel in cell.as_chunks::<N>().0 {
                    sum = [sum[0] + u32::from(pixel[0]), sum[1] + u32::from(pixel[1]), sum[2] + u32::from(pixel[2])];
                }
                *mean = [0, 1, 2].map(|channel| mean[channel] + sum[channel] as f32 * share);
            }
        }
    });
    means
}

impl Plate {
    /// Colour of a cell under an exposure.
    pub(super) fn exposed(&self, cell: usize, exposure: &Exposure) -> Rgb {
        exposure.apply_clipped(self.colors[cell])
    }
}
