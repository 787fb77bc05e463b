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
        let [y, p, q, weight] = &mut sums.0;
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
        let start = row / self.side * self.columns;
        for (channel, sums) in sums.0.iter_mut().enumerate() {
            for (cell, sums) in self.cells[start..start + self.columns].iter_mut().zip(sums.chunks(self.side)) {
                cell[channel] += sums.iter().sum::<f32>();
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
        let mut line = vec![[0.0; 4]; self.columns];
        let mut before = self.cells.clone();
        let mut sums = vec![[0.0; 4]; self.columns];
        for _ in 0..3 {
            for row in self.cells.chunks_exact_mut(self.columns) {
                line.copy_from_slice(row);
                box_line(&line, radius, row);
            }
            std::mem::swap(&mut self.cells, &mut before);
            box_columns(&before, radius, &mut sums, &mut self.cells);
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
        for row in 0..self.rows {
            for column in 0..self.columns {
                let target = &mut smaller.cells[row / 2 * smaller.columns + column / 2];
                for (target, value) in target.iter_mut().zip(self.cells[row * self.columns + column]) {
                    *target += value;
                }
            }
        }
        if !smaller.fill(weight_full) {
            return false;
        }
        for row in 0..self.rows {
            for column in 0..self.columns {
                let cell = &mut self.cells[row * self.columns + column];
                let own = mean(*cell);
                let share = (cell[3] / weight_full).clamp(0.0, 1.0);
                *cell = if share >= 1.0 {
                    own
                } else {
                    let around = smaller.at((column as f32 - 0.5) * 0.5, (row as f32 - 0.5) * 0.5);
                    let mut mixed = [0.0, 0.0, 0.0, own[3]];
                    for channel in 0..3 {
                        mixed[channel] = around[channel] + (own[channel] - around[channel]) * share;
                    }
                    mixed
                };
            }
        }
        true
    }

    /// The value at a block, bilinear.
    #[must_use]
    pub fn at_block(&self, column: usize, row: usize) -> Color {
        let scale = 1.0 / self.side as f32;
        self.at((column as f32 + 0.5) * scale - 0.5, (row as f32 + 0.5) * scale - 0.5)
    }

    /// Bilinear, clamped at the border. Units: cells.
    fn at(&self, x: f32, y: f32) -> Color {
        let (left, right, across) = between(x, self.columns);
        let (top, bottom, down) = between(y, self.rows);
        let (upper, lower) = (&self.cells[top * self.columns..], &self.cells[bottom * self.columns..]);
        let upper = mix4(upper[left], upper[right], across);
        let [y, p, q, _] = mix4(upper, mix4(lower[left], lower[right], across), down);
        [y, p, q]
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

/// Running mean over `2 × radius + 1` values; beyond the ends the values are 0.
fn box_line(line: &[[f32; 4]], radius: usize, out: &mut [[f32; 4]]) {
    let mut sum = [0.0_f64; 4];
    for value in line.iter().take(radius) {
        accumulate(&mut sum, *value, 1.0);
    }
    let scale = 1.0 / (2 * radius + 1) as f64;
    for (index, out) in out.iter_mut().enumerate() {
        if let Some(value) = line.get(index + radius) {
            accumulate(&mut sum, *value, 1.0);
        }
        if index > radius {
            accumulate(&mut sum, line[index - radius - 1], -1.0);
        }
        *out = sum.map(|sum| (sum * scale) as f32);
    }
}

/// As [`box_line`] for every column at once; `sums` has a value per column.
fn box_columns(cells: &[[f32; 4]], radius: usize, sums: &mut [[f64; 4]], out: &mut [[f32; 4]]) {
    let columns = sums.len();
    let rows = || cells.chunks_exact(columns);
    sums.fill([0.0; 4]);
    for row in rows().take(radius) {
        accumulate_row(sums, row, 1.0);
    }
    let scale = 1.0 / (2 * radius + 1) as f64;
    for (index, out) in out.chunks_exact_mut(columns).enumerate() {
        if let Some(row) = rows().nth(index + radius) {
            accumulate_row(sums, row, 1.0);
        }
        if let Some(row) = index.checked_sub(radius + 1).and_then(|gone| rows().nth(gone)) {
            accumulate_row(sums, row, -1.0);
        }
        for (out, sum) in out.iter_mut().zip(sums.iter()) {
            *out = sum.map(|sum| (sum * scale) as f32);
        }
    }
}

fn accumulate_row(sums: &mut [[f64; 4]], row: &[[f32; 4]], sign: f64) {
    for (sum, value) in sums.iter_mut().zip(row) {
        accumulate(sum, *value, sign);
    }
}

fn accumulate(sum: &mut [f64; 4], value: [f32; 4], sign: f64) {
    for (sum, value) in sum.iter_mut().zip(value) {
        *sum += f64::from(value) * sign;
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
