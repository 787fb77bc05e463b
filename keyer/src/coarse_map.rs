//! Coarse map of a slowly varying value: mean of the samples in each cell, blurred, with empty
//! cells extrapolated.
//! Source: pull-push, Gortler et al., "The Lumigraph", 1996, §3.4.1.

use crate::screen_space::Ypq;

/// Values and weight per cell.
#[derive(Debug, Clone, Default)]
pub struct CoarseMap {
    pub columns: usize,
    pub rows: usize,
    /// Units: blocks along each side of a cell.
    pub side: usize,
    /// Weighted sums while samples are added, means once filled; the fourth value is the weight.
    pub cells: Vec<[f32; 4]>,
}

impl CoarseMap {
    /// Empty cells over a picture of `columns` × `rows` blocks.
    pub fn over(columns: usize, rows: usize, side: usize) -> Self {
        let side = side.max(1);
        let (columns, rows) = (columns.div_ceil(side).max(1), rows.div_ceil(side).max(1));
        Self { columns, rows, side, cells: vec![[0.0; 4]; columns * rows] }
    }

    pub fn clear(&mut self) {
        self.cells.fill([0.0; 4]);
    }

    /// Adds a block's value with weight 1.
    pub fn add(&mut self, column: usize, row: usize, [y, p, q]: Ypq) {
        let cell = &mut self.cells[row / self.side * self.columns + column / self.side];
        cell[0] += y;
        cell[1] += p;
        cell[2] += q;
        cell[3] += 1.0;
    }

    /// Gaussian blur of sums and weights, as three box filters. Units of `sigma`: cells.
    pub fn blur(&mut self, sigma: f32) {
        let radius = box_radius(sigma);
        if radius == 0 {
            return;
        }
        let mut line = vec![[0.0; 4]; self.columns.max(self.rows)];
        for _ in 0..3 {
            for row in self.cells.chunks_exact_mut(self.columns) {
                line[..row.len()].copy_from_slice(row);
                box_line(&line[..row.len()], radius, |index, value| row[index] = value);
            }
            for column in 0..self.columns {
                for (line, row) in line.iter_mut().zip(self.cells.chunks_exact(self.columns)) {
                    *line = row[column];
                }
                let (columns, cells) = (self.columns, &mut self.cells);
                box_line(&line[..self.rows], radius, |index, value| cells[index * columns + column] = value);
            }
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
    pub fn at_block(&self, column: usize, row: usize) -> Ypq {
        let scale = 1.0 / self.side as f32;
        self.at((column as f32 + 0.5) * scale - 0.5, (row as f32 + 0.5) * scale - 0.5)
    }

    /// Bilinear, clamped at the border. Units: cells.
    fn at(&self, x: f32, y: f32) -> Ypq {
        let (left, right, across) = between(x, self.columns);
        let (top, bottom, down) = between(y, self.rows);
        let cell = |column: usize, row: usize| self.cells[row * self.columns + column];
        let (upper, lower) = ([cell(left, top), cell(right, top)], [cell(left, bottom), cell(right, bottom)]);
        [0, 1, 2].map(|channel| {
            let [upper, lower] = [upper, lower].map(|[left, right]| left[channel] + (right[channel] - left[channel]) * across);
            upper + (lower - upper) * down
        })
    }

    /// Writes the interpolated values of one row of blocks, one slice per channel.
    pub fn write_row(&self, row: usize, out: [&mut [f32]; 3]) {
        let scale = 1.0 / self.side as f32;
        let (top, bottom, down) = between((row as f32 + 0.5) * scale - 0.5, self.rows);
        let (upper, lower) = (&self.cells[top * self.columns..], &self.cells[bottom * self.columns..]);
        for (channel, out) in out.into_iter().enumerate() {
            let value = |column: usize| {
                let column = column.min(self.columns - 1);
                upper[column][channel] + (lower[column][channel] - upper[column][channel]) * down
            };
            let half = (self.side / 2).min(out.len());
            let (first, rest) = out.split_at_mut(half);
            let start = if self.side.is_multiple_of(2) { 0.5 } else { 0.0 };
            first.fill(value(0));
            for (cell, blocks) in rest.chunks_mut(self.side).enumerate() {
                let (from, to) = (value(cell), value(cell + 1));
                for (index, block) in blocks.iter_mut().enumerate() {
                    *block = from + (to - from) * ((index as f32 + start) * scale);
                }
            }
        }
    }
}

/// Radius of a box filter that, applied three times, approximates a Gaussian.
fn box_radius(sigma: f32) -> usize {
    (((4.0 * sigma * sigma + 1.0).sqrt() - 1.0) * 0.5).round() as usize
}

/// Running mean over `2 × radius + 1` values; beyond the ends the values are 0.
fn box_line(line: &[[f32; 4]], radius: usize, mut write: impl FnMut(usize, [f32; 4])) {
    let mut sum = [0.0_f64; 4];
    let scale = 1.0 / (2 * radius + 1) as f64;
    let add = |sum: &mut [f64; 4], value: [f32; 4], sign: f64| {
        for (sum, value) in sum.iter_mut().zip(value) {
            *sum += f64::from(value) * sign;
        }
    };
    for value in line.iter().take(radius) {
        add(&mut sum, *value, 1.0);
    }
    for index in 0..line.len() {
        if let Some(value) = line.get(index + radius) {
            add(&mut sum, *value, 1.0);
        }
        if index > radius {
            add(&mut sum, line[index - radius - 1], -1.0);
        }
        write(index, sum.map(|sum| (sum * scale) as f32));
    }
}

fn mean([y, p, q, weight]: [f32; 4]) -> [f32; 4] {
    let scale = if weight > 1e-6 { 1.0 / weight } else { 0.0 };
    [y * scale, p * scale, q * scale, weight]
}

/// Indices of the two neighbours of a position, and the weight of the second.
pub fn between(position: f32, count: usize) -> (usize, usize, f32) {
    let position = position.clamp(0.0, (count - 1) as f32);
    let first = position as usize;
    (first, (first + 1).min(count - 1), position - first as f32)
}
