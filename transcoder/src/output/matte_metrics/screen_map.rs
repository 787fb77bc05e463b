//! The screen behind a clip: its colour in cells over the picture, in the light of each frame, and
//! its noise. It is estimated from the source alone and not taken from the keyer, so that both
//! cannot make the same error.

#![expect(clippy::cast_precision_loss, reason = "blocks of a cell and cells of a picture are few")]

use super::blocks::{Blocks, Ycc, squared_distance};
use keyer::color::{dot, mix, scaled};

/// Units: blocks.
pub const CELL: usize = 8;
/// Limits within which a block may be the screen in some light, relative to the expected screen:
/// brightness, and differences of saturation and hue at that brightness.
const BRIGHTNESS_MIN: f32 = 0.08;
const SATURATION_MIN: f32 = 0.6;
const SATURATION_MAX: f32 = 1.6;
const HUE_MAX: f32 = 0.25;
/// Least luma and chroma of a block whose chromaticity is above the noise.
/// Units: of 255.
const LUMA_MIN: f32 = 6.0;
const CHROMA_MIN: f32 = 6.0;
/// Cells whose chromaticity differs more than this from the median cell's show something else of a
/// similar colour; so many deviations are allowed on screens of mixed light.
const OUTLIER_MIN: f32 = 0.09;
const OUTLIER_DEVIATIONS: f32 = 4.0;
/// Blocks of one cell that differ from its mean by more do not all show the screen: in the first
/// frame, a constant and a share of the screen's colour, and then variances of the noise.
/// Units: of 255; share; variances.
const SPREAD_FIRST_MIN: f32 = 8.0;
const SPREAD_FIRST_SHARE: f32 = 0.12;
const SPREAD_MAX: f32 = 24.0;
/// Weight of a frame in the running mean of a cell.
const LEARNED: f32 = 0.5;
/// Weight of a frame that shows less of the screen's saturation than the mean: something soft may
/// be in front of it.
const LEARNED_PALER: f32 = 0.02;
/// Relative difference in saturation up to which nothing is paler.
const PALER_MIN: f32 = 0.02;
/// Least noise that is assumed.
/// Units: of 255, squared.
const NOISE_MIN: f32 = 0.5;
/// Weight of a frame in the running mean of the noise.
const NOISE_LEARNED: f32 = 0.2;
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
    /// Colours in the light of the last frame that showed the screen.
    colors: Vec<Ycc>,
    is_known: Vec<bool>,
    noise: f32,
    block_noise: f32,
    has_learned: bool,
    /// Share of the cells that showed nothing but screen in the last frame.
    pub visible_share: f32,
}

impl ScreenMap {
    /// A map of the typical colour.
    pub fn new(columns: usize, rows: usize, expected: Ycc) -> Self {
        let (columns, rows) = (columns.div_ceil(CELL), rows.div_ceil(CELL));
        let count = columns * rows;
        Self {
            columns,
            rows,
            expected,
            colors: vec![expected; count],
            is_known: vec![false; count],
            noise: NOISE_MIN,
            block_noise: NOISE_MIN,
            has_learned: false,
            visible_share: 0.0,
        }
    }

    /// Variance of one pixel's luma and of one block's chroma together.
    /// Units: of 255, squared.
    pub const fn noise(&self) -> f32 {
        self.noise
    }

    /// Variance of a block's mean luma and of its chroma together.
    /// Units: of 255, squared.
    pub const fn block_noise(&self) -> f32 {
        self.block_noise
    }

    /// Learns from the cells of a frame that show nothing but screen, and brings the others to the
    /// frame's light.
    pub fn learn(&mut self, blocks: &Blocks) {
        let mut found = self.find_cells(blocks);
        self.remove_outliers(&mut found);
        self.visible_share = found.len() as f32 / self.colors.len() as f32;
        if found.is_empty() {
            return;
        }
        self.follow_light(&found);
        // The median: creases are no noise.
        let noise = median(found.iter().map(|cell| cell.variance).collect());
        let block_noise = median(found.iter().map(|cell| cell.block_variance).collect());
        let share = if self.has_learned { NOISE_LEARNED } else { 1.0 };
        self.noise += (noise.max(NOISE_MIN) - self.noise) * share;
        self.block_noise += (block_noise.max(NOISE_MIN) - self.block_noise) * share;
        for cell in &found {
            let [before, now] = [self.colors[cell.index], cell.color].map(|color| self.saturation(color));
            let share = match self.is_known[cell.index] {
                true if now < before * (1.0 - PALER_MIN) => LEARNED_PALER,
                true => LEARNED,
                false => 1.0,
            };
            self.colors[cell.index] = mix(self.colors[cell.index], cell.color, share);
            self.is_known[cell.index] = true;
        }
        let fills = if self.has_learned { FILLS } else { FILLS_FIRST };
        (0..fills).for_each(|_| self.fill());
        self.has_learned = true;
    }

    fn find_cells(&self, blocks: &Blocks) -> Vec<ScreenCell> {
        let first_max = SPREAD_FIRST_MIN + SPREAD_FIRST_SHARE * dot(self.expected, self.expected).sqrt();
        let spread_max = if self.has_learned { SPREAD_MAX * self.noise } else { first_max * first_max };
        let cells = 0..self.colors.len();
        cells.filter_map(|index| self.look(blocks, index, spread_max)).collect()
    }

    /// The screen's colour and its variance in a cell, if the cell shows nothing else.
    fn look(&self, blocks: &Blocks, index: usize, spread_max: f32) -> Option<ScreenCell> {
        let (column, row) = (index % self.columns, index / self.columns);
        let columns = column * CELL..((column + 1) * CELL).min(blocks.columns);
        let rows = row * CELL..((row + 1) * CELL).min(blocks.rows);
        let count = (columns.len() * rows.len()) as f32;
        let mut sum = [0.0; 3];
        for row in rows.clone() {
            for mean in blocks.means(row, columns.clone()) {
                sum.iter_mut().zip(mean).for_each(|(sum, mean)| *sum += mean);
            }
        }
        let color = sum.map(|sum| sum / count);
        if !self.may_be_screen(color) {
            return None;
        }
        let (mut variance, mut block_variance) = (0.0, 0.0);
        for row in rows {
            for seen in blocks.means(row, columns.clone()) {
                let apart = squared_distance(seen, color);
                if apart > spread_max {
                    return None;
                }
                block_variance += apart;
            }
            variance += blocks.deviation(row, columns.clone(), color);
        }
        Some(ScreenCell { index, color, variance: variance / count, block_variance: block_variance / count })
    }

    /// Removes cells of another chromaticity than most: clothes of a similar colour.
    fn remove_outliers(&self, found: &mut Vec<ScreenCell>) {
        let chromaticity = |color: Ycc| [self.saturation(color), self.hue(color)];
        for channel in 0..2 {
            let value = |cell: &ScreenCell| chromaticity(cell.color)[channel];
            let center = median(found.iter().map(value).collect());
            let deviation = median(found.iter().map(|cell| (value(cell) - center).abs()).collect());
            let apart_max = OUTLIER_MIN.max(OUTLIER_DEVIATIONS * deviation);
            found.retain(|cell| (value(cell) - center).abs() <= apart_max);
        }
    }

    /// Brings all cells to the light of a frame: by the median gain of those that it shows.
    fn follow_light(&mut self, found: &[ScreenCell]) {
        let known = found.iter().filter(|cell| self.is_known[cell.index]);
        let gains: Vec<f32> = known.map(|cell| gain(cell.color, self.colors[cell.index])).collect();
        let gain = if gains.is_empty() {
            let gains = found.iter().map(|cell| gain(cell.color, self.expected)).collect();
            if self.has_learned { 1.0 } else { median(gains) }
        } else {
            median(gains)
        };
        for color in &mut self.colors {
            *color = scaled(*color, gain);
        }
    }

    /// Chroma along the expected screen's hue over luma, relative to the expected screen.
    fn saturation(&self, [y, cb, cr]: Ycc) -> f32 {
        let [luma, first, second] = self.expected;
        let along = (cb * first + cr * second) / (first * first + second * second).max(1.0);
        along * luma.max(1.0) / y.max(1.0)
    }

    /// Chroma across the expected screen's hue over that along it.
    fn hue(&self, [_, cb, cr]: Ycc) -> f32 {
        let [_, first, second] = self.expected;
        (cb * second - cr * first) / (cb * first + cr * second).max(1.0)
    }

    fn may_be_screen(&self, color: Ycc) -> bool {
        let [luma, first, second] = self.expected;
        let [y, cb, cr] = color;
        let along = cb * first + cr * second;
        along > CHROMA_MIN * first.hypot(second)
            && y > LUMA_MIN.max(BRIGHTNESS_MIN * luma)
            && self.hue(color).abs() < HUE_MAX
            && (SATURATION_MIN..SATURATION_MAX).contains(&self.saturation(color))
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

/// A cell of one frame that shows nothing but screen.
#[derive(Debug, Clone, Copy)]
struct ScreenCell {
    index: usize,
    color: Ycc,
    variance: f32,
    block_variance: f32,
}

/// The factor that brings one colour nearest to another.
fn gain(color: Ycc, before: Ycc) -> f32 {
    dot(color, before) / dot(before, before).max(1.0)
}

fn median(mut values: Vec<f32>) -> f32 {
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(1.0)
}

/// The cells before and after a block's middle, and the weight of the second.
fn between(block: usize, count: usize) -> (usize, usize, f32) {
    let position = (block as f32 + 0.5) / CELL as f32 - 0.5;
    let first = (block + CELL / 2) / CELL;
    let first = first.saturating_sub(1).min(count - 1);
    (first, (first + 1).min(count - 1), (position - first as f32).clamp(0.0, 1.0))
}
