//! A low-resolution map of colours in which cells without a measurement are filled from their
//! neighbours.
//!
//! Push-pull: averages the measured cells into ever smaller maps, then fills the holes of each from
//! the next smaller one.
//! Source: Gortler et al., "The Lumigraph", 1996, §3.4.1.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "positions of cells are small and never negative"
)]

use keyer::color::{Color, mix};

/// Three channels summed over the samples of one cell, then the weight of the samples.
pub type WeightedSum = [f32; 4];

/// One colour per cell, a cell being a square of blocks.
#[derive(Debug, Clone)]
pub struct CoarseMap {
    pub columns: usize,
    pub rows: usize,
    /// Blocks along each side of a cell: 4 or 8.
    pub side: usize,
    pub sums: Vec<WeightedSum>,
    /// The mean of each cell; valid after [`CoarseMap::fill_holes`].
    pub colors: Vec<Color>,
    half_size: Option<Box<CoarseMap>>,
}

impl CoarseMap {
    /// An empty map over a picture of `columns` × `rows` blocks.
    pub fn over(columns: usize, rows: usize, side: usize) -> Self {
        Self::new(columns.div_ceil(side), rows.div_ceil(side), side)
    }

    fn new(columns: usize, rows: usize, side: usize) -> Self {
        let half_size = (columns > 1 || rows > 1).then(|| Box::new(Self::new(columns.div_ceil(2), rows.div_ceil(2), side * 2)));
        let count = columns * rows;
        Self { columns, rows, side, sums: vec![[0.0; 4]; count], colors: vec![[0.0; 3]; count], half_size }
    }

    pub fn clear(&mut self) {
        self.sums.fill([0.0; 4]);
    }

    /// Computes `colors` from `sums`. A cell of less weight than `weight_full` is blended with its
    /// neighbours. Returns false, and leaves the map as it is, when no cell has a sample.
    pub fn fill_holes(&mut self, weight_full: f32) -> bool {
        let columns = self.columns;
        let Some(half_size) = &mut self.half_size else {
            let is_known = self.sums.iter().any(|sum| sum[3] > 0.0);
            for (color, sum) in self.colors.iter_mut().zip(&self.sums) {
                *color = mean(sum);
            }
            return is_known;
        };
        half_size.clear();
        for (row, sums) in self.sums.chunks_exact(columns).enumerate() {
            for (column, sum) in sums.iter().enumerate() {
                add(&mut half_size.sums[row / 2 * half_size.columns + column / 2], sum);
            }
        }
        if !half_size.fill_holes(weight_full) {
            return false;
        }
        let rows = self.sums.chunks_exact(columns).zip(self.colors.chunks_exact_mut(columns));
        for (row, (sums, colors)) in rows.enumerate() {
            for (column, (sum, color)) in sums.iter().zip(colors).enumerate() {
                *color = if sum[3] >= weight_full {
                    mean(sum)
                } else {
                    let around = half_size.at((column as f32 - 0.5) * 0.5, (row as f32 - 0.5) * 0.5);
                    mix(around, mean(sum), sum[3] / weight_full)
                };
            }
        }
        true
    }

    /// The colour at the centre of a block, bilinear.
    pub fn at_block(&self, column: usize, row: usize) -> Color {
        let scale = 1.0 / self.side as f32;
        self.at((column as f32 + 0.5) * scale - 0.5, (row as f32 + 0.5) * scale - 0.5)
    }

    /// Bilinear, clamped at the border. Units: cells.
    fn at(&self, x: f32, y: f32) -> Color {
        let (left, right, across) = neighbours(x, self.columns);
        let (top, bottom, down) = neighbours(y, self.rows);
        let cell = |column: usize, row: usize| self.colors[row * self.columns + column];
        mix(mix(cell(left, top), cell(right, top), across), mix(cell(left, bottom), cell(right, bottom), across), down)
    }

    /// Writes the interpolated colours of one row of blocks, one slice per channel.
    pub fn write_row(&self, row: usize, out: &mut [Vec<f32>; 3]) {
        let scale = 1.0 / self.side as f32;
        let (top, bottom, down) = neighbours((row as f32 + 0.5) * scale - 0.5, self.rows);
        let upper = &self.colors[top * self.columns..(top + 1) * self.columns];
        let lower = &self.colors[bottom * self.columns..(bottom + 1) * self.columns];
        let cell = |channel: usize, column: usize| {
            let column = column.min(self.columns - 1);
            upper[column][channel] + (lower[column][channel] - upper[column][channel]) * down
        };
        for (channel, out) in out.iter_mut().enumerate() {
            let half = (self.side / 2).min(out.len());
            let (first, rest) = out.split_at_mut(half);
            first.fill(cell(channel, 0));
            let between = |column: usize| (cell(channel, column), cell(channel, column + 1));
            match self.side {
                4 => write_ramps::<4>(rest, between),
                8 => write_ramps::<8>(rest, between),
                _ => write_ramps::<1>(rest, between),
            }
        }
    }
}

/// Interpolates linearly from the centre of each cell to that of the next.
fn write_ramps<const SIDE: usize>(out: &mut [f32], between: impl Fn(usize) -> (f32, f32)) {
    let shares: [f32; SIDE] = std::array::from_fn(|index| (index as f32 + 0.5) / SIDE as f32);
    let (whole, rest) = out.as_chunks_mut::<SIDE>();
    let last = whole.len();
    for (column, blocks) in whole.iter_mut().enumerate() {
        let (from, to) = between(column);
        *blocks = shares.map(|share| from + (to - from) * share);
    }
    let (from, to) = between(last);
    for (block, share) in rest.iter_mut().zip(shares) {
        *block = from + (to - from) * share;
    }
}

pub fn add(target: &mut WeightedSum, sum: &WeightedSum) {
    for (target, sum) in target.iter_mut().zip(sum) {
        *target += sum;
    }
}

fn mean(&[y, p, q, weight]: &WeightedSum) -> Color {
    let scale = if weight > 0.0 { 1.0 / weight } else { 0.0 };
    [y * scale, p * scale, q * scale]
}

/// The two cells around a position, and the weight of the second.
fn neighbours(position: f32, count: usize) -> (usize, usize, f32) {
    let position = position.clamp(0.0, (count - 1) as f32);
    let first = position as usize;
    (first, (first + 1).min(count - 1), position - first as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn painted(color: impl Fn(usize, usize) -> Option<Color>) -> CoarseMap {
        let mut cells = CoarseMap::over(64, 64, 4);
        for (index, sum) in cells.sums.iter_mut().enumerate() {
            if let Some([y, p, q]) = color(index % 16, index / 16) {
                *sum = [y * 16.0, p * 16.0, q * 16.0, 16.0];
            }
        }
        cells
    }

    #[test]
    fn holes_take_the_colour_around_them_and_measured_cells_keep_theirs() {
        let hole = |position: usize| (4..12).contains(&position);
        let mut cells = painted(|column, row| (!hole(column) || !hole(row)).then_some([10.0, 90.0, 30.0]));
        assert!(cells.fill_holes(16.0));
        for color in cells.colors {
            assert!((color[1] - 90.0).abs() < 0.01 && (color[0] - 10.0).abs() < 0.01, "{color:?}");
        }
    }

    #[test]
    fn a_slope_is_followed_by_rows_and_by_single_blocks() {
        let mut cells = painted(|column, _| Some([column as f32 * 10.0, 0.0, 0.0]));
        assert!(cells.fill_holes(16.0));
        let mut row = [vec![0.0; 64], vec![0.0; 64], vec![0.0; 64]];
        cells.write_row(13, &mut row);
        assert!((row[0][40] - 96.25).abs() < 0.01, "{}", row[0][40]);
        for (column, y) in row[0].iter().enumerate() {
            assert!((y - cells.at_block(column, 13)[0]).abs() < 0.01, "{column}");
        }
    }

    #[test]
    fn a_map_without_a_sample_cannot_be_filled() {
        assert!(!CoarseMap::over(8, 8, 4).fill_holes(1.0));
    }
}
