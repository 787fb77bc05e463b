//! Filters and distance transform on planes of one value per cell.

#![expect(clippy::cast_precision_loss, reason = "windows are a few cells wide")]

use rayon::prelude::*;

/// Size of a plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    pub columns: usize,
    pub rows: usize,
}

impl Grid {
    pub const fn len(self) -> usize {
        self.columns * self.rows
    }

    /// The four neighbours, those inside the plane.
    pub fn neighbours(self, index: usize) -> impl Iterator<Item = usize> {
        let (column, row) = (index % self.columns, index / self.columns);
        let left = (column > 0).then(|| index - 1);
        let right = (column + 1 < self.columns).then(|| index + 1);
        let above = (row > 0).then(|| index - self.columns);
        let below = (row + 1 < self.rows).then(|| index + self.columns);
        [left, right, above, below].into_iter().flatten()
    }

    /// Distance of every cell from the nearest source; infinite without one. Units: cells.
    /// Source: Borgefors, "Distance transformations in digital images", 1986.
    pub fn distance_transform(self, is_source: impl Fn(usize) -> bool) -> Vec<f32> {
        let mut distance: Vec<f32> = (0..self.len()).map(|cell| if is_source(cell) { 0.0 } else { f32::INFINITY }).collect();
        // A forward pass and, on the reversed plane, a backward pass.
        for _ in 0..2 {
            self.chamfer_pass(&mut distance);
            distance.reverse();
        }
        distance
    }

    fn chamfer_pass(self, distance: &mut [f32]) {
        const ACROSS: f32 = 0.9551;
        const DIAGONAL: f32 = 1.3693;
        let mut above = vec![f32::INFINITY; self.columns];
        for row in distance.chunks_exact_mut(self.columns) {
            let (left, right) = (above.iter(), above.iter().skip(1));
            for (own, above) in row.iter_mut().zip(&above) {
                *own = own.min(above + ACROSS);
            }
            for (own, left) in row.iter_mut().skip(1).zip(left) {
                *own = own.min(left + DIAGONAL);
            }
            for (own, right) in row.iter_mut().zip(right) {
                *own = own.min(right + DIAGONAL);
            }
            let mut beside = f32::INFINITY;
            for own in row.iter_mut() {
                *own = own.min(beside + ACROSS);
                beside = *own;
            }
            above.copy_from_slice(row);
        }
    }

    /// Mean over a square window of `reach` cells to each side, cut off at the border.
    pub fn box_mean(self, plane: &[f32], reach: usize) -> Vec<f32> {
        let mut across = vec![0.0; self.len()];
        across.par_chunks_mut(self.columns).zip(plane.par_chunks(self.columns)).for_each(|(out, row)| {
            let (mut sum, mut count) = (row.iter().take(reach).sum::<f32>(), reach.min(row.len()));
            for column in 0..row.len() {
                if let Some(value) = row.get(column + reach) {
                    sum += value;
                    count += 1;
                }
                if column > reach {
                    sum -= row[column - reach - 1];
                    count -= 1;
                }
                out[column] = sum / count as f32;
            }
        });
        let mut mean = vec![0.0; self.len()];
        mean.par_chunks_mut(self.columns).enumerate().for_each(|(row, out)| {
            let window = row.saturating_sub(reach)..(row + reach + 1).min(self.rows);
            let share = 1.0 / window.len() as f32;
            for row in window {
                for (out, value) in out.iter_mut().zip(&across[row * self.columns..]) {
                    *out += value * share;
                }
            }
        });
        mean
    }

    /// Dilation: the largest value in a square window of `reach` cells to each side.
    pub fn dilate(self, plane: &[u8], reach: usize) -> Vec<u8> {
        let mut across = vec![0; self.len()];
        across.par_chunks_mut(self.columns).zip(plane.par_chunks(self.columns)).for_each(|(out, row)| {
            for (column, out) in out.iter_mut().enumerate() {
                let window = &row[column.saturating_sub(reach)..(column + reach + 1).min(row.len())];
                *out = window.iter().copied().max().unwrap_or_default();
            }
        });
        let mut greatest = vec![0; self.len()];
        greatest.par_chunks_mut(self.columns).enumerate().for_each(|(row, out)| {
            for row in row.saturating_sub(reach)..(row + reach + 1).min(self.rows) {
                for (out, value) in out.iter_mut().zip(&across[row * self.columns..]) {
                    *out = (*out).max(*value);
                }
            }
        });
        greatest
    }

    /// Erosion: the least value in a square window; cells outside of the plane do not count.
    pub fn erode(self, plane: &[u8], reach: usize) -> Vec<u8> {
        let turned: Vec<u8> = plane.iter().map(|value| 255 - value).collect();
        let mut least = self.dilate(&turned, reach);
        for value in &mut least {
            *value = 255 - *value;
        }
        least
    }
}
