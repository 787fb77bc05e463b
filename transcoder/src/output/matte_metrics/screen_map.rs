//! The screen behind a clip: its colour in cells over the picture, and its noise. It is estimated
//! from the source alone and not taken from the keyer, so that both cannot make the same error.

#![expect(clippy::cast_precision_loss, reason = "blocks of a cell and cells of a picture are few")]

use super::blocks::{Blocks, Ycc, squared_distance};
use keyer::color::mix;

/// Units: blocks.
pub const CELL: usize = 8;
/// Limits within which a block may be the screen under other light: least strength, difference of
/// hue, difference of brightness relative to strength.
const STRENGTH_MIN: f32 = 0.4;
const HUE_MAX: f32 = 0.2;
const BRIGHTNESS_MAX: f32 = 0.3;
/// Blocks of one cell that differ by more do not all show the screen: in the first frame, and then
/// in variances of the noise.
/// Units: of 255, squared; variances.
const SPREAD_FIRST_MAX: f32 = 24.0 * 24.0;
const SPREAD_MAX: f32 = 24.0;
/// Weight of a frame in the running mean of a cell.
const LEARNED: f32 = 0.2;
/// Weight of a frame that shows less of the screen's colour than the mean: something soft may be in
/// front of it.
const LEARNED_PALER: f32 = 0.02;
/// Differences up to this are noise.
/// Units: of the screen's strength.
const PALER_MIN: f32 = 0.01;
/// Least noise that is assumed.
/// Units: of 255, squared.
const NOISE_MIN: f32 = 0.5;
/// Passes in which unknown cells are filled from their neighbours: in the first frame enough to
/// reach across a subject.
const FILLS_FIRST: usize = 96;
const FILLS: usize = 2;

/// The screen's colour over the picture.
#[derive(Debug)]
pub struct ScreenMap {
    /// Units: cells.
    pub columns: usize,
    rows: usize,
    expected: Ycc,
    colors: Vec<Ycc>,
    is_known: Vec<bool>,
    noise: f32,
    frames: usize,
}

impl ScreenMap {
    /// A map of the typical colour.
    pub fn new(columns: usize, rows: usize, expected: Ycc) -> Self {
        let (columns, rows) = (columns.div_ceil(CELL), rows.div_ceil(CELL));
        let count = columns * rows;
        Self { columns, rows, expected, colors: vec![expected; count], is_known: vec![false; count], noise: NOISE_MIN, frames: 0 }
    }

    /// Variance of one pixel's luma and of one block's chroma together.
    /// Units: of 255, squared.
    pub const fn noise(&self) -> f32 {
        self.noise
    }

    /// Learns from the cells of a frame that show nothing but screen.
    pub fn learn(&mut self, blocks: &Blocks) {
        let (mut noise, mut count) = (0.0, 0.0);
        let spread_max = if self.frames == 0 { SPREAD_FIRST_MAX } else { SPREAD_MAX * self.noise };
        for index in 0..self.colors.len() {
            let (column, row) = (index % self.columns, index / self.columns);
            let Some((mean, variance)) = self.look(blocks, column, row, spread_max) else { continue };
            let gain = self.strength(mean) - self.strength(self.colors[index]);
            let share = match self.is_known[index] {
                true if gain < -PALER_MIN => LEARNED_PALER,
                true if gain < PALER_MIN => LEARNED,
                _ => 1.0,
            };
            for (color, mean) in self.colors[index].iter_mut().zip(mean) {
                *color += (mean - *color) * share;
            }
            self.is_known[index] = true;
            noise += variance;
            count += 1.0;
        }
        if count > 0.0 {
            let share = if self.frames == 0 { 1.0 } else { LEARNED };
            self.noise += ((noise / count).max(NOISE_MIN) - self.noise) * share;
        }
        let fills = if self.frames == 0 { FILLS_FIRST } else { FILLS };
        (0..fills).for_each(|_| self.fill());
        self.frames += 1;
    }

    /// The screen's colour and its variance in a cell, if the cell shows nothing else.
    fn look(&self, blocks: &Blocks, column: usize, row: usize, spread_max: f32) -> Option<(Ycc, f32)> {
        let columns = column * CELL..((column + 1) * CELL).min(blocks.columns);
        let rows = row * CELL..((row + 1) * CELL).min(blocks.rows);
        let count = (columns.len() * rows.len()) as f32;
        let mut sum = [0.0; 3];
        for row in rows.clone() {
            for mean in blocks.means(row, columns.clone()) {
                if !self.may_be_screen(mean) {
                    return None;
                }
                sum.iter_mut().zip(mean).for_each(|(sum, mean)| *sum += mean);
            }
        }
        let mean = sum.map(|sum| sum / count);
        let mut variance = 0.0;
        for row in rows {
            if blocks.means(row, columns.clone()).any(|seen| squared_distance(seen, mean) > spread_max) {
                return None;
            }
            variance += blocks.deviation(row, columns.clone(), mean);
        }
        Some((mean, variance / count))
    }

    /// Chroma along the expected screen's hue, relative to the expected screen.
    fn strength(&self, [_, cb, cr]: Ycc) -> f32 {
        let [_, first, second] = self.expected;
        (cb * first + cr * second) / (first * first + second * second).max(1.0)
    }

    fn may_be_screen(&self, [y, cb, cr]: Ycc) -> bool {
        let [luma, first, second] = self.expected;
        let along = self.strength([y, cb, cr]);
        let across = (cb * second - cr * first) / (first * first + second * second).max(1.0);
        along > STRENGTH_MIN && across.abs() < HUE_MAX * along && (y - luma * along).abs() < BRIGHTNESS_MAX * luma * along + 10.0
    }

    /// Fills each unknown cell with the mean of its neighbours.
    fn fill(&mut self) {
        for index in 0..self.colors.len() {
            if self.is_known[index] {
                continue;
            }
            let (column, row) = (index % self.columns, index / self.columns);
            let around = [
                index - usize::from(column > 0),
                index + usize::from(column + 1 < self.columns),
                if row > 0 { index - self.columns } else { index },
                if row + 1 < self.rows { index + self.columns } else { index },
            ];
            let mut sum = [0.0; 3];
            for near in around {
                sum.iter_mut().zip(self.colors[near]).for_each(|(sum, near)| *sum += near);
            }
            self.colors[index] = sum.map(|sum| sum * 0.25);
        }
    }

    /// The screen's colours in one row of blocks, bilinear.
    pub fn write_row(&self, row: usize, out: &mut [Ycc]) {
        let (top, bottom, down) = between(row, self.rows);
        for (column, out) in out.iter_mut().enumerate() {
            let (left, right, across) = between(column, self.columns);
            let cell = |row: usize, column: usize| self.colors[row * self.columns + column];
            let upper = mix(cell(top, left), cell(top, right), across);
            let lower = mix(cell(bottom, left), cell(bottom, right), across);
            *out = mix(upper, lower, down);
        }
    }

    /// Difference in luma between the brightest and the darkest twentieth of the screen, over its
    /// mean; none while no cell is known.
    pub fn unevenness(&self) -> Option<f64> {
        let known = self.colors.iter().zip(&self.is_known).filter(|(_, is_known)| **is_known);
        let mut lumas: Vec<f32> = known.map(|(color, _)| color[0]).collect();
        lumas.sort_by(f32::total_cmp);
        let darkest = lumas.get(lumas.len() / 20)?;
        let brightest = lumas.get(lumas.len() - 1 - lumas.len() / 20)?;
        let mean = lumas.iter().sum::<f32>() / lumas.len() as f32;
        Some(f64::from((brightest - darkest) / mean.max(1.0)))
    }
}

/// The cells before and after a block's middle, and the weight of the second.
fn between(block: usize, count: usize) -> (usize, usize, f32) {
    let position = (block as f32 + 0.5) / CELL as f32 - 0.5;
    let first = (block + CELL / 2) / CELL;
    let first = first.saturating_sub(1).min(count - 1);
    (first, (first + 1).min(count - 1), (position - first as f32).clamp(0.0, 1.0))
}
