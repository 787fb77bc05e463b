//! Turns scores into labels that agree with their neighbours: mean-field inference, coarse to fine.
//! Neighbours are coupled more strongly the more similar their difference from the background is.

use rayon::prelude::*;

use super::color::Rgb;
use super::grid::Grid;

const LEVELS: usize = 3;
const ITERATIONS: usize = 6;
/// Coupling of neighbours of equal difference.
const COUPLING: f32 = 1.1;
/// Step between the differences of two neighbours at which their coupling is halved. Units: codes.
const STEP_HALF: f32 = 10.0;
/// Weight of a coarse cell's label in the scores of its four cells.
const COARSE_WEIGHT: f32 = 0.2;

/// One resolution.
struct Level {
    grid: Grid,
    score: Vec<f32>,
    /// Frame minus background.
    difference: Vec<Rgb>,
}

/// Labels from below −1, background, to above 1, subject. `score` is that of the evidence.
pub fn smooth_labels(grid: Grid, score: Vec<f32>, difference: Vec<Rgb>) -> Vec<f32> {
    let mut levels = vec![Level { grid, score, difference }];
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
        let score: Vec<f32> = match &from_coarse {
            Some((grid, labels)) => (0..level.grid.len())
                .map(|index| {
                    let (column, row) = (index % level.grid.columns / 2, index / level.grid.columns / 2);
                    let label = labels[row.min(grid.rows - 1) * grid.columns + column.min(grid.columns - 1)];
                    level.score[index] + COARSE_WEIGHT * label
                })
                .collect(),
            None => level.score.clone(),
        };
        coarse = Some((level.grid, level.iterate(&score)));
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
        let score = (0..grid.len()).map(|index| cells(index).iter().map(|cell| self.score[*cell]).sum::<f32>() * 0.5).collect();
        let difference = (0..grid.len())
            .map(|index| {
                [0, 1, 2].map(|channel| cells(index).iter().map(|cell| self.difference[*cell][channel]).sum::<f32>() * 0.25)
            })
            .collect();
        Self { grid, score, difference }
    }

    fn iterate(&self, score: &[f32]) -> Vec<f32> {
        let (columns, rows) = (self.grid.columns, self.grid.rows);
        let coupling = |left: usize, right: usize| {
            let step: f32 =
                (0..3).map(|channel| (self.difference[left][channel] - self.difference[right][channel]).powi(2)).sum();
            COUPLING / (1.0 + step / (STEP_HALF * STEP_HALF))
        };
        let right: Vec<f32> = (0..self.grid.len())
            .into_par_iter()
            .map(|index| if (index + 1) % columns == 0 { 0.0 } else { coupling(index, index + 1) })
            .collect();
        let below: Vec<f32> = (0..self.grid.len())
            .into_par_iter()
            .map(|index| if index / columns + 1 == rows { 0.0 } else { coupling(index, index + columns) })
            .collect();
        let mut labels = score.to_vec();
        for _ in 0..ITERATIONS {
            let expectations: Vec<f32> = labels.par_iter().map(|label| label / (1.0 + label.abs())).collect();
            labels.par_chunks_mut(columns).enumerate().for_each(|(row, labels)| {
                for (column, label) in labels.iter_mut().enumerate() {
                    let index = row * columns + column;
                    let mut sum = score[index];
                    if column > 0 {
                        sum += right[index - 1] * expectations[index - 1];
                    }
                    if column + 1 < columns {
                        sum += right[index] * expectations[index + 1];
                    }
                    if row > 0 {
                        sum += below[index - columns] * expectations[index - columns];
                    }
                    if row + 1 < rows {
                        sum += below[index] * expectations[index + columns];
                    }
                    *label = sum;
                }
            });
        }
        labels
    }
}
