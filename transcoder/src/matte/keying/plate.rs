//! The screen as the clip shows it: its colour everywhere, also behind the subject, and its noise.

#![expect(clippy::cast_precision_loss, reason = "blocks of a cell are few")]

use super::blocks::{Blocks, Metric};
use super::cells::{Cells, Sum, add};
use super::color::Ypq;
use crate::frame::color::dot;

/// Units: blocks.
const CELL: usize = 8;
/// How much of a cell's memory lasts to the next frame.
const MEMORY: f32 = 0.9;
/// Likewise, where the subject is in front of it.
const MEMORY_UNSEEN: f32 = 0.99;
/// How bright a block may be against the expected screen, from the first guess to the last: a share of the screen.
const BRIGHTNESS_MAX: [f32; 3] = [0.5, 0.2, 0.12];
/// How far a block may be from the expected colour at its own brightness: a share of the screen.
const TINT_MAX: f32 = 0.07;
/// How much brighter or darker a screen may be than assumed where it is uncovered: a share of the screen.
const UNSEEN_BRIGHTNESS_MAX: f32 = 0.2;
const UNSEEN_TINT_MAX: f32 = 0.03;
/// No clip is cleaner than this.
const NOISE_MIN: f32 = 0.5;

/// Codecs leave noise in patches: its peaks are higher than its deviation says.
const NOISE_MARGIN: f32 = 1.3;
/// A cell that weighs less in memory has hardly been seen: it learns from anything that may be screen in another light.
const SEEN_WEIGHT_MIN: f32 = 32.0;

/// The screen's colour over the picture, remembered from frame to frame.
#[derive(Debug)]
pub struct Plate {
    pub cells: Cells,
    /// How far blocks are from it.
    pub metric: Metric,
    /// One deviation of luma and of the two chroma channels.
    pub noise: Ypq,
    /// The colour that was found before the first frame.
    pub expected: Ypq,
    memory: Vec<Sum>,
    other_light: Metric,
}

impl Plate {
    pub fn new(columns: usize, rows: usize, expected: Ypq) -> Self {
        let mut cells = Cells::over(columns, rows, CELL);
        cells.colors.fill(expected);
        let memory = vec![[0.0; 4]; cells.sums.len()];
        let metric = Metric { weights: [0.0; 3], along: [0.0; 3], along_weight: 0.0 };
        Self {
            cells,
            metric,
            noise: [2.0; 3],
            expected,
            memory,
            other_light: in_other_light(expected, UNSEEN_TINT_MAX, UNSEEN_BRIGHTNESS_MAX),
        }
    }

    /// How often the first frame is looked at before it is keyed.
    pub const fn guesses() -> usize {
        BRIGHTNESS_MAX.len()
    }

    /// Takes the measure for a guess at the first frame.
    pub fn guess(&mut self, guess: usize) {
        self.metric = in_other_light(self.expected, TINT_MAX, BRIGHTNESS_MAX.get(guess).copied().unwrap_or(TINT_MAX));
    }

    /// Takes the measure that the clip's own noise gives.
    pub fn settle(&mut self) {
        self.metric = Metric { weights: self.noise.map(|noise| 1.0 / (noise * noise)), along: [0.0; 3], along_weight: 0.0 };
    }

    /// Near enough to the screen to tell of its light.
    pub fn is_near(&self, seen: Ypq) -> bool {
        seen.iter().zip(self.noise).all(|(seen, noise)| seen.abs() < noise * 3.0 + 3.0)
    }

    /// The light has changed everywhere.
    pub fn shift(&mut self, drift: Ypq) {
        for color in &mut self.cells.colors {
            add_color(color, drift);
        }
        for [y, p, q, weight] in &mut self.memory {
            *y += drift[0] * *weight;
            *p += drift[1] * *weight;
            *q += drift[2] * *weight;
        }
    }

    /// Learns from the blocks that are `clear`: screen, with nothing but screen around. `share` of the rows are looked at,
    /// others in each frame.
    pub fn learn(&mut self, blocks: &Blocks, clear: &[u8], frame: usize, share: usize) {
        self.cells.clear();
        let columns = blocks.columns;
        let mut squares = [0.0_f32; 4];
        for row in (frame % share..blocks.rows).step_by(share) {
            let cells = &mut self.cells.sums[row / CELL * self.cells.columns..];
            let memory = &self.memory[row / CELL * self.cells.columns..];
            let [y, p, q] = [0, 1, 2].map(|channel: usize| &blocks.seen[channel][row * columns..(row + 1) * columns]);
            for (cell, clear) in clear[row * columns..(row + 1) * columns].chunks(CELL).enumerate() {
                let range = cell * CELL..cell * CELL + clear.len();
                if blocks.is_faint(row, range.clone()) {
                    for (square, seen) in squares.iter_mut().zip([&y[range.clone()], &p[range.clone()], &q[range.clone()]]) {
                        *square += seen.iter().map(|seen| seen * seen).sum::<f32>();
                    }
                    squares[3] += clear.len() as f32;
                }
                let count = clear.iter().map(|clear| f32::from(*clear)).sum::<f32>();
                if count < 1.0 {
                    if memory[cell][3] < SEEN_WEIGHT_MIN {
                        take_unseen(
                            &mut cells[cell],
                            [&y[range.clone()], &p[range.clone()], &q[range]],
                            self.noise,
                            &self.other_light,
                        );
                    }
                    continue;
                }
                let mut found = [0.0, 0.0, 0.0, count];
                for (channel, seen) in [&y[range.clone()], &p[range.clone()], &q[range]].into_iter().enumerate() {
                    for (seen, clear) in seen.iter().zip(clear) {
                        found[channel] += seen * f32::from(*clear);
                    }
                }
                add(&mut cells[cell], &found);
            }
        }
        self.take_noise(squares, frame);
        self.remember(share);
    }

    fn take_noise(&mut self, [y, p, q, count]: [f32; 4], frame: usize) {
        if count < 64.0 {
            return;
        }
        for (noise, squares) in self.noise.iter_mut().zip([y, p, q]) {
            let found = ((squares / count).sqrt() * NOISE_MARGIN).max(NOISE_MIN);
            *noise = if frame == 0 { found } else { *noise + (found - *noise) * 0.2 };
        }
    }

    /// What was seen is relative to the map: the map moves by it.
    fn remember(&mut self, share: usize) {
        let full = (CELL * CELL / 2) as f32;
        for ((memory, sum), color) in self.memory.iter_mut().zip(&mut self.cells.sums).zip(&self.cells.colors) {
            let scale = share as f32;
            let weight = sum[3] * scale;
            let kept = if weight > 0.0 { MEMORY } else { MEMORY_UNSEEN };
            for (channel, memory) in memory.iter_mut().take(3).enumerate() {
                *memory = *memory * kept + sum[channel] * scale + color[channel] * weight;
            }
            memory[3] = memory[3] * kept + weight;
            *sum = *memory;
        }
        self.cells.fill(full);
    }
}

/// A measure by which light may differ more than colour.
fn in_other_light(screen: Ypq, tint_max: f32, brightness_max: f32) -> Metric {
    let length = dot(screen, screen).sqrt().max(1.0);
    let weight = |share: f32| 8.0 / (share * length * share * length);
    Metric {
        weights: [weight(tint_max); 3],
        along: screen.map(|channel| channel / length),
        along_weight: weight(brightness_max) - weight(tint_max),
    }
}

/// Uncovered for the first time, behind a subject: what was assumed there may be of the wrong brightness.
fn take_unseen(sum: &mut Sum, seen: [&[f32]; 3], noise: Ypq, metric: &Metric) {
    let count = seen[0].len() as f32;
    let found = seen.map(|seen| seen.iter().sum::<f32>() / count);
    let is_even = seen
        .iter()
        .zip(found)
        .zip(noise)
        .all(|((seen, found), noise)| seen.iter().all(|seen| (seen - found).abs() < noise * 3.0 + 1.0));
    if is_even && metric.distance(found) < 8.0 {
        add(sum, &[found[0] * count, found[1] * count, found[2] * count, count]);
    }
}

fn add_color(color: &mut Ypq, more: Ypq) {
    for (color, more) in color.iter_mut().zip(more) {
        *color += more;
    }
}
