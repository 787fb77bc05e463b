//! Makes the subject whole: what cells say becomes labels that agree with their neighbours, from coarse to fine.
//!
//! Mean-field relaxation; neighbours of like colour pull at each other.

use rayon::prelude::*;

use super::color::Rgb;
use super::grid::Grid;

const LEVELS: usize = 3;
const ROUNDS: usize = 6;
/// How strongly a neighbour pulls where nothing lies between.
const PULL: f32 = 1.1;
/// Where the frame's colour steps by this much more than the background's, it pulls half.
const STEP_HALF: f32 = 10.0;
/// A coarse cell speaks for its four with this weight each.
const COARSE_WEIGHT: f32 = 0.2;

/// One level.
struct Level {
    grid: Grid,
    said: Vec<f32>,
    /// The frame less the background.
    off: Vec<Rgb>,
}

/// From below −1, background, to above 1, subject. `said` is as evidence says it.
pub fn relax(grid: Grid, said: Vec<f32>, off: Vec<Rgb>) -> Vec<f32> {
    let mut levels = vec![Level { grid, said, off }];
    while levels.len() < LEVELS
        && let Some(level) = levels.last()
        && level.grid.columns >= 64
        && level.grid.rows >= 48
    {
        let half = level.half();
        levels.push(half);
    }
    let mut coarse: Option<(Grid, Vec<f32>)> = None;
    for level in levels.iter().rev() {
        let from_coarse = coarse.take();
        let said: Vec<f32> = match &from_coarse {
            Some((grid, labels)) => (0..level.grid.len())
                .map(|index| {
                    let (column, row) = (index % level.grid.columns / 2, index / level.grid.columns / 2);
                    let label = labels[row.min(grid.rows - 1) * grid.columns + column.min(grid.columns - 1)];
                    level.said[index] + COARSE_WEIGHT * label
                })
                .collect(),
            None => level.said.clone(),
        };
        coarse = Some((level.grid, level.settle(&said)));
    }
    coarse.map(|(_, labels)| labels).unwrap_or_default()
}

impl Level {
    fn half(&self) -> Self {
        let grid = Grid { columns: self.grid.columns.div_ceil(2), rows: self.grid.rows.div_ceil(2) };
        let from = self.grid;
        let cells = |index: usize| {
            let (column, row) = (index % grid.columns * 2, index / grid.columns * 2);
            let (right, below) = ((column + 1).min(from.columns - 1), (row + 1).min(from.rows - 1));
            [(column, row), (right, row), (column, below), (right, below)].map(|(column, row)| row * from.columns + column)
        };
        let said = (0..grid.len()).map(|index| cells(index).iter().map(|cell| self.said[*cell]).sum::<f32>() * 0.5).collect();
        let off = (0..grid.len())
            .map(|index| [0, 1, 2].map(|channel| cells(index).iter().map(|cell| self.off[*cell][channel]).sum::<f32>() * 0.25))
            .collect();
        Self { grid, said, off }
    }

    fn settle(&self, said: &[f32]) -> Vec<f32> {
        let (columns, rows) = (self.grid.columns, self.grid.rows);
        let pull = |left: usize, right: usize| {
            let step: f32 = (0..3).map(|channel| (self.off[left][channel] - self.off[right][channel]).powi(2)).sum();
            PULL / (1.0 + step / (STEP_HALF * STEP_HALF))
        };
        let right: Vec<f32> = (0..self.grid.len())
            .into_par_iter()
            .map(|index| if (index + 1) % columns == 0 { 0.0 } else { pull(index, index + 1) })
            .collect();
        let below: Vec<f32> = (0..self.grid.len())
            .into_par_iter()
            .map(|index| if index / columns + 1 == rows { 0.0 } else { pull(index, index + columns) })
            .collect();
        let mut labels = said.to_vec();
        for _ in 0..ROUNDS {
            let tended: Vec<f32> = labels.par_iter().map(|label| label / (1.0 + label.abs())).collect();
            labels.par_chunks_mut(columns).enumerate().for_each(|(row, labels)| {
                for (column, label) in labels.iter_mut().enumerate() {
                    let index = row * columns + column;
                    let mut sum = said[index];
                    if column > 0 {
                        sum += right[index - 1] * tended[index - 1];
                    }
                    if column + 1 < columns {
                        sum += right[index] * tended[index + 1];
                    }
                    if row > 0 {
                        sum += below[index - columns] * tended[index - columns];
                    }
                    if row + 1 < rows {
                        sum += below[index] * tended[index + columns];
                    }
                    *label = sum;
                }
            });
        }
        labels
    }
}
