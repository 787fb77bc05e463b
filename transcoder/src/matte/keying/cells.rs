//! A coarse picture of colours with holes, and how the holes are filled from around them.
//!
//! Push-pull: average what is known into ever smaller pictures, then fill each level's holes from the next smaller one.
//! Source: Gortler et al., "The Lumigraph", 1996, §3.4.1.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "positions of cells are small and never negative"
)]

use super::color::Ypq;
use crate::frame::color::mix;

/// The sum of the colours seen in one cell, and their weight.
pub type Sum = [f32; 4];

/// Colours per cell.
#[derive(Debug, Clone)]
pub struct Cells {
    pub columns: usize,
    pub rows: usize,
    /// Blocks along each side of a cell: 4 or 8.
    pub side: usize,
    pub sums: Vec<Sum>,
    /// Without holes, once filled.
    pub colors: Vec<Ypq>,
    smaller: Option<Box<Cells>>,
}

impl Cells {
    /// Cells over a picture of so many blocks.
    pub fn over(columns: usize, rows: usize, side: usize) -> Self {
        Self::new(columns.div_ceil(side), rows.div_ceil(side), side)
    }

    fn new(columns: usize, rows: usize, side: usize) -> Self {
        let smaller = (columns > 1 || rows > 1).then(|| Box::new(Self::new(columns.div_ceil(2), rows.div_ceil(2), side * 2)));
        let count = columns * rows;
        Self { columns, rows, side, sums: vec![[0.0; 4]; count], colors: vec![[0.0; 3]; count], smaller }
    }

    pub fn clear(&mut self) {
        self.sums.fill([0.0; 4]);
    }

    /// Fills `colors`; cells that weigh less than `weight_full` lean on their surroundings. False when nothing is known.
    pub fn fill(&mut self, weight_full: f32) -> bool {
        let columns = self.columns;
        let Some(smaller) = &mut self.smaller else {
            let is_known = self.sums.iter().any(|sum| sum[3] > 0.0);
            for (color, sum) in self.colors.iter_mut().zip(&self.sums) {
                *color = mean(sum);
            }
            return is_known;
        };
        smaller.clear();
        for (row, sums) in self.sums.chunks_exact(columns).enumerate() {
            for (column, sum) in sums.iter().enumerate() {
                add(&mut smaller.sums[row / 2 * smaller.columns + column / 2], sum);
            }
        }
        if !smaller.fill(weight_full) {
            return false;
        }
        let rows = self.sums.chunks_exact(columns).zip(self.colors.chunks_exact_mut(columns));
        for (row, (sums, colors)) in rows.enumerate() {
            for (column, (sum, color)) in sums.iter().zip(colors).enumerate() {
                *color = if sum[3] >= weight_full {
                    mean(sum)
                } else {
                    let around = smaller.at((column as f32 - 0.5) * 0.5, (row as f32 - 0.5) * 0.5);
                    mix(around, mean(sum), sum[3] / weight_full)
                };
            }
        }
        true
    }

    /// The colour at a block, bilinear.
    pub fn at_block(&self, column: usize, row: usize) -> Ypq {
        let scale = 1.0 / self.side as f32;
        self.at((column as f32 + 0.5) * scale - 0.5, (row as f32 + 0.5) * scale - 0.5)
    }

    /// Bilinear, in units of cells, clamped at the border.
    fn at(&self, x: f32, y: f32) -> Ypq {
        let (left, right, across) = between(x, self.columns);
        let (top, bottom, down) = between(y, self.rows);
        let cell = |column: usize, row: usize| self.colors[row * self.columns + column];
        mix(mix(cell(left, top), cell(right, top), across), mix(cell(left, bottom), cell(right, bottom), across), down)
    }

    /// Writes the colours of one row of blocks, a plane per channel.
    pub fn write_row(&self, row: usize, out: &mut [Vec<f32>; 3]) {
        let scale = 1.0 / self.side as f32;
        let (top, bottom, down) = between((row as f32 + 0.5) * scale - 0.5, self.rows);
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
                4 => ramps::<4>(rest, between),
                8 => ramps::<8>(rest, between),
                _ => ramps::<1>(rest, between),
            }
        }
    }
}

/// Straight lines from each cell's middle to the next one's.
fn ramps<const SIDE: usize>(out: &mut [f32], between: impl Fn(usize) -> (f32, f32)) {
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

pub fn add(target: &mut Sum, sum: &Sum) {
    for (target, sum) in target.iter_mut().zip(sum) {
        *target += sum;
    }
}

fn mean(&[y, p, q, weight]: &Sum) -> Ypq {
    let scale = if weight > 0.0 { 1.0 / weight } else { 0.0 };
    [y * scale, p * scale, q * scale]
}

/// The two neighbours of a position and the share of the second.
fn between(position: f32, count: usize) -> (usize, usize, f32) {
    let position = position.clamp(0.0, (count - 1) as f32);
    let first = position as usize;
    (first, (first + 1).min(count - 1), position - first as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn painted(color: impl Fn(usize, usize) -> Option<Ypq>) -> Cells {
        let mut cells = Cells::over(64, 64, 4);
        for (index, sum) in cells.sums.iter_mut().enumerate() {
            if let Some([y, p, q]) = color(index % 16, index / 16) {
                *sum = [y * 16.0, p * 16.0, q * 16.0, 16.0];
            }
        }
        cells
    }

    #[test]
    fn holes_take_the_colour_around_them_and_known_cells_keep_theirs() {
        let hole = |position: usize| (4..12).contains(&position);
        let mut cells = painted(|column, row| (!hole(column) || !hole(row)).then_some([10.0, 90.0, 30.0]));
        assert!(cells.fill(16.0));
        for color in cells.colors {
            assert!((color[1] - 90.0).abs() < 0.01 && (color[0] - 10.0).abs() < 0.01, "{color:?}");
        }
    }

    #[test]
    fn a_slope_is_followed_by_rows_and_by_single_blocks() {
        let mut cells = painted(|column, _| Some([column as f32 * 10.0, 0.0, 0.0]));
        assert!(cells.fill(16.0));
        let mut row = [vec![0.0; 64], vec![0.0; 64], vec![0.0; 64]];
        cells.write_row(13, &mut row);
        assert!((row[0][40] - 96.25).abs() < 0.01, "{}", row[0][40]);
        for (column, y) in row[0].iter().enumerate() {
            assert!((y - cells.at_block(column, 13)[0]).abs() < 0.01, "{column}");
        }
    }

    #[test]
    fn nothing_known_is_told() {
        assert!(!Cells::over(8, 8, 4).fill(1.0));
    }
}
