//! Coarse map of a slowly varying value: mean of the samples in each cell, blurred, with empty
//! cells extrapolated.
//! Source: pull-push, Gortler et al., "The Lumigraph", 1996, §3.4.1.

use crate::color::Color;

/// Values and weight per cell.
#[derive(Debug, Clone, Default)]
pub struct CoarseMap {
    /// Number of columns. Units: cells.
    pub columns: usize,
    /// Number of rows. Units: cells.
    pub rows: usize,
    /// Units: blocks along each side of a cell.
    pub side: usize,
    /// Weighted sums while samples are added, means once filled; the fourth value is the weight.
    pub cells: Vec<[f32; 4]>,
}

/// Sums of some rows by column: three channels and the weight.
#[derive(Debug, Clone)]
pub(crate) struct RowSums([Vec<f32>; 4]);

impl RowSums {
    pub(crate) fn new(columns: usize) -> Self {
        Self([(); 4].map(|()| vec![0.0; columns]))
    }
}

impl CoarseMap {
    /// Empty cells over a picture of `columns` × `rows` blocks.
    #[must_use]
    pub fn over(columns: usize, rows: usize, side: usize) -> Self {
        let side = side.max(1);
        let (columns, rows) = (columns.div_ceil(side).max(1), rows.div_ceil(side).max(1));
        Self { columns, rows, side, cells: vec![[0.0; 4]; columns * rows] }
    }

    /// Empties all cells.
    pub fn clear(&mut self) {
        self.cells.fill([0.0; 4]);
    }

    /// Adds a block's value with weight 1.
    pub fn add(&mut self, column: usize, row: usize, value: Color) {
        self.add_weighted(column, row, value, 1.0);
    }

    /// Adds a block's value.
    pub fn add_weighted(&mut self, column: usize, row: usize, value: Color, weight: f32) {
        let cell = &mut self.cells[row / self.side * self.columns + column / self.side];
        for (sum, value) in cell.iter_mut().zip([value[0] * weight, value[1] * weight, value[2] * weight, weight]) {
            *sum += value;
        }
    }

    /// Adds the marked blocks of a row. `sums` collects the rows of a cell, a line per channel and
    /// one for the weight; it is added to the cells after the last of them and emptied.
    pub(crate) fn add_row(&mut self, row: usize, marked: &[u8], values: [&[f32]; 3], sums: &mut RowSums) {
        self.add_row_part(row, 0, marked, values, sums);
    }

    /// As [`CoarseMap::add_row`], of the columns from `first` on.
    pub(crate) fn add_row_part(&mut self, row: usize, first: usize, marked: &[u8], values: [&[f32]; 3], sums: &mut RowSums) {
        let [y, p, q, weight] = sums.0.each_mut().map(|sums| &mut sums[first..]);
        for (sum, marked) in weight.iter_mut().zip(marked) {
            *sum += f32::from(*marked);
        }
        for (sums, values) in [y, p, q].into_iter().zip(values) {
            for ((sum, value), marked) in sums.iter_mut().zip(values).zip(marked) {
                *sum += value * f32::from(*marked);
            }
        }
        if (row + 1).is_multiple_of(self.side) {
            self.end_cell_row(row, sums);
        }
    }

    /// Adds the collected rows to the cells of a row of blocks.
    pub(crate) fn end_cell_row(&mut self, row: usize, sums: &mut RowSums) {
        if sums.0[3].iter().all(|weight| *weight <= 0.0) {
            return;
        }
        let start = row / self.side * self.columns;
        let cells = &mut self.cells[start..start + self.columns];
        for (channel, sums) in sums.0.iter_mut().enumerate() {
            match self.side {
                2 => add_sums::<2>(sums, channel, cells),
                4 => add_sums::<4>(sums, channel, cells),
                side => {
                    for (cell, sums) in cells.iter_mut().zip(sums.chunks(side)) {
                        cell[channel] += sums.iter().sum::<f32>();
                    }
                }
            }
            sums.fill(0.0);
        }
    }

    /// Gaussian blur of sums and weights, as three box filters. Units of `sigma`: cells.
    pub fn blur(&mut self, sigma: f32) {
        let radius = box_radius(sigma);
        if radius == 0 {
            return;
        }
        let mut padded = vec![[0.0; 4]; self.columns + 2 * radius];
        let mut before = self.cells.clone();
        for _ in 0..3 {
            for row in self.cells.chunks_exact_mut(self.columns) {
                padded[radius..radius + row.len()].copy_from_slice(row);
                box_line(&padded, radius, row);
            }
            std::mem::swap(&mut self.cells, &mut before);
            box_columns(&before, self.columns, radius, &mut self.cells);
        }
    }

    /// Turns sums into means; cells with less weight than `weight_full` are blended with their
    /// surroundings. False when all cells are empty.
    pub fn fill(&mut self, weight_full: f32) -> bool {
        if self.columns == 1 && self.rows == 1 {
            let is_known = self.cells[0][3] > 0.0;
            self.cells[0] = mean(self.cells[0]);
            return is_known;
        }
        let mut smaller = Self::over(self.columns, self.rows, 2);
        for (row, cells) in self.cells.chunks_exact(self.columns).enumerate() {
            let targets = &mut smaller.cells[row / 2 * smaller.columns..];
            for (target, pair) in targets.iter_mut().zip(cells.chunks(2)) {
                for value in pair {
                    for (target, value) in target.iter_mut().zip(value) {
                        *target += value;
                    }
                }
            }
        }
        if !smaller.fill(weight_full) {
            return false;
        }
        let [mut upper, mut lower] = [(); 2].map(|()| vec![[0.0; 4]; self.columns]);
        let mut written = [usize::MAX; 2];
        for (row, cells) in self.cells.chunks_exact_mut(self.columns).enumerate() {
            let (top, bottom, down) = between((row as f32 - 0.5) * 0.5, smaller.rows);
            if written != [top, bottom] {
                // The lower row of before is mostly the upper one now.
                std::mem::swap(&mut upper, &mut lower);
                if written[1] != top {
                    smaller.write_twice_as_wide(top, &mut upper);
                }
                smaller.write_twice_as_wide(bottom, &mut lower);
                written = [top, bottom];
            }
            for (cell, (upper, lower)) in cells.iter_mut().zip(upper.iter().zip(&lower)) {
                let own = mean(*cell);
                let around = mix4(*upper, *lower, down);
                let [y, p, q, _] = mix4(around, own, (cell[3] / weight_full).clamp(0.0, 1.0));
                *cell = if cell[3] >= weight_full { own } else { [y, p, q, own[3]] };
            }
        }
        true
    }

    /// Writes a row interpolated to twice as many columns.
    fn write_twice_as_wide(&self, row: usize, out: &mut [[f32; 4]]) {
        let row = &self.cells[row * self.columns..(row + 1) * self.columns];
        let last = row.len() - 1;
        for (column, out) in out.chunks_mut(2).enumerate() {
            let (before, own, after) = (row[column.saturating_sub(1)], row[column], row[(column + 1).min(last)]);
            out[0] = mix4(before, own, 0.75);
            if let Some(out) = out.get_mut(1) {
                *out = mix4(own, after, 0.25);
            }
        }
    }

    /// The value at a block, bilinear.
    #[must_use]
    pub fn at_block(&self, column: usize, row: usize) -> Color {
        let [y, p, q, _] = self.all_at_block(column, row);
        [y, p, q]
    }

    /// As [`CoarseMap::at_block`], with the fourth value.
    pub(crate) fn all_at_block(&self, column: usize, row: usize) -> [f32; 4] {
        let scale = 1.0 / self.side as f32;
        let (left, right, across) = between((column as f32 + 0.5) * scale - 0.5, self.columns);
        let (top, bottom, down) = between((row as f32 + 0.5) * scale - 0.5, self.rows);
        let (upper, lower) = (&self.cells[top * self.columns..], &self.cells[bottom * self.columns..]);
        let upper = mix4(upper[left], upper[right], across);
        mix4(upper, mix4(lower[left], lower[right], across), down)
    }

    /// Writes the interpolated values of one row of blocks, one slice per channel.
    pub fn write_row<const CHANNELS: usize>(&self, row: usize, out: [&mut [f32]; CHANNELS]) {
        self.write_finer_row(row, 1, out);
    }

    /// As [`CoarseMap::write_row`] for a picture with `scale` times as many columns and rows.
    pub fn write_finer_row<const CHANNELS: usize>(&self, row: usize, scale: usize, out: [&mut [f32]; CHANNELS]) {
        let side = self.side * scale;
        let scale = 1.0 / side as f32;
        let (top, bottom, down) = between((row as f32 + 0.5) * scale - 0.5, self.rows);
        let (upper, lower) = (&self.cells[top * self.columns..], &self.cells[bottom * self.columns..]);
        let start = if side.is_multiple_of(2) { 0.5 } else { 0.0 };
        for (channel, out) in out.into_iter().enumerate() {
            let value = |column: usize| {
                let column = column.min(self.columns - 1);
                upper[column][channel] + (lower[column][channel] - upper[column][channel]) * down
            };
            let (first, rest) = out.split_at_mut((side / 2).min(out.len()));
            let mut from = value(0);
            first.fill(from);
            for (cell, blocks) in rest.chunks_mut(side).enumerate() {
                let to = value(cell + 1);
                let step = (to - from) * scale;
                for (index, block) in blocks.iter_mut().enumerate() {
                    *block = from + (index as f32 + start) * step;
                }
                from = to;
            }
        }
    }
}

/// Radius of a box filter that, applied three times, approximates a Gaussian.
fn box_radius(sigma: f32) -> usize {
    (((4.0 * sigma * sigma + 1.0).sqrt() - 1.0) * 0.5).round() as usize
}

/// Adds the sums of `SIDE` neighbouring columns to a channel of their cells.
fn add_sums<const SIDE: usize>(sums: &[f32], channel: usize, cells: &mut [[f32; 4]]) {
    let (whole, rest) = sums.as_chunks::<SIDE>();
    for (cell, sums) in cells.iter_mut().zip(whole) {
        cell[channel] += sums.iter().sum::<f32>();
    }
    if let (false, Some(cell)) = (rest.is_empty(), cells.get_mut(whole.len())) {
        cell[channel] += rest.iter().sum::<f32>();
    }
}

/// Mean over `2 × radius + 1` values; `padded` has `radius` zeros at either end.
fn box_line(padded: &[[f32; 4]], radius: usize, out: &mut [[f32; 4]]) {
    let scale = 1.0 / (2 * radius + 1) as f32;
    for (out, window) in out.iter_mut().zip(padded.windows(2 * radius + 1)) {
        let mut sum = [0.0; 4];
        for value in window {
            for (sum, value) in sum.iter_mut().zip(value) {
                *sum += value;
            }
        }
        *out = sum.map(|sum| sum * scale);
    }
}

/// Mean over `2 × radius + 1` rows; beyond the ends the values are 0.
fn box_columns(cells: &[[f32; 4]], columns: usize, radius: usize, out: &mut [[f32; 4]]) {
    let scale = 1.0 / (2 * radius + 1) as f32;
    let rows = cells.len() / columns;
    for (row, out) in out.chunks_exact_mut(columns).enumerate() {
        let out = out.as_flattened_mut();
        out.fill(0.0);
        let near = row.saturating_sub(radius)..(row + radius + 1).min(rows);
        for near in cells[near.start * columns..near.end * columns].chunks_exact(columns) {
            for (out, value) in out.iter_mut().zip(near.as_flattened()) {
                *out += value;
            }
        }
        for out in out {
            *out *= scale;
        }
    }
}

fn mix4(from: [f32; 4], to: [f32; 4], share: f32) -> [f32; 4] {
    let mut mixed = from;
    for (mixed, to) in mixed.iter_mut().zip(to) {
        *mixed += (to - *mixed) * share;
    }
    mixed
}

fn mean([y, p, q, weight]: [f32; 4]) -> [f32; 4] {
    let scale = if weight > 1e-6 { 1.0 / weight } else { 0.0 };
    [y * scale, p * scale, q * scale, weight]
}

/// Indices of the two neighbours of a position, and the weight of the second.
pub(crate) fn between(position: f32, count: usize) -> (usize, usize, f32) {
    let position = position.clamp(0.0, (count - 1) as f32);
    let first = position as usize;
    (first, (first + 1).min(count - 1), position - first as f32)
}
