//! Blocks back to pixels: straight RGBA.
//!
//! Where alpha is 0, the colour continues the nearest subject, so that no encoder's chroma smears screen into an edge.

use crate::chroma::Siting;
use crate::color::{Space, Ypq, code};
use crate::frame::{PlanarFormat, read_row};
use crate::options::Levels;
use crate::outside::FIXED;
use crate::plane::Plane;
use crate::rough::{CORE, SCREEN};
use crate::sharpness::EdgeMixture;
use crate::solve::Solved;
use crate::spread::{Block, spread};
use crate::subject::{CELL, Subject};
use crate::tones::Tones;
use crate::view::View;

/// Alpha that nobody sees is none, and what lacks as little is all.
const ALPHA_SEEN_MIN: f32 = 5.0 / 255.0;
const ALPHA_OPAQUE_MIN: f32 = 251.0 / 255.0;
/// The square of the alpha from which a pixel's own luma counts half.
const OWN_LUMA_HALF: f32 = 0.1;

/// Everything that is known about a frame.
#[derive(Debug, Clone, Copy)]
pub struct Painter<'a> {
    pub format: &'a PlanarFormat,
    pub siting: Siting,
    pub space: &'a Space,
    pub luma: &'a [u8],
    pub view: &'a View,
    pub class: &'a [u8],
    pub noise: Ypq,
    pub solved: &'a Solved,
    pub subject: &'a Subject,
    pub tones: &'a Tones,
    pub outside: &'a Plane<u8>,
    pub levels: Levels,
    pub spill_strength: f32,
    /// How far edges may be held for sharp, 0 to 1.
    pub sharpness: f32,
}

/// Lines that one row of blocks is painted through.
#[derive(Debug, Clone)]
pub struct Lines {
    lumas: [Vec<f32>; 2],
    chroma: [Vec<f32>; 2],
    spill: Vec<f32>,
    hidden: Vec<[u8; 4]>,
}

impl Lines {
    pub fn new(format: &PlanarFormat) -> Self {
        let (blocks, pixels) = (vec![0.0; format.columns()], vec![0.0; format.width]);
        Self {
            lumas: [pixels.clone(), pixels],
            chroma: [blocks.clone(), blocks.clone()],
            spill: blocks,
            hidden: vec![[0; 4]; format.columns().div_ceil(CELL)],
        }
    }
}

impl Painter<'_> {
    pub fn paint(&self, lines: &mut Lines, mixture: &mut EdgeMixture, out: &mut [u8]) {
        let row_size_bytes = self.format.width * 4 * self.format.down;
        for (row, out) in out.chunks_mut(row_size_bytes).enumerate() {
            if row % CELL == 0 {
                self.hide(row / CELL, &mut lines.hidden);
            }
            self.paint_row(row, lines, mixture, out);
        }
    }

    /// The colours of what is not seen.
    fn hide(&self, cell_row: usize, hidden: &mut [[u8; 4]]) {
        let columns = self.subject.grid.columns;
        for (column, hidden) in hidden.iter_mut().enumerate() {
            let [y, p, q, _] = self.subject.grid.cells[cell_row * columns + column];
            let block = (cell_row * CELL).min(self.view.odd.rows - 1) * self.view.odd.columns
                + (column * CELL).min(self.view.odd.columns - 1);
            *hidden = pixel(self.space.to_rgb(self.clean([y, p, q], self.view.plate_at(block))), 0.0);
        }
    }

    fn paint_row(&self, row: usize, lines: &mut Lines, mixture: &mut EdgeMixture, out: &mut [u8]) {
        let columns = self.view.odd.columns;
        let class = &self.class[row * columns..(row + 1) * columns];
        let PlanarFormat { width, height, across, down, .. } = *self.format;
        let has_core = class.contains(&CORE);
        if has_core || class.iter().any(|class| *class != SCREEN) {
            for (line, lumas) in lines.lumas.iter_mut().enumerate() {
                let y = (row * down + line.min(down - 1)).min(height - 1);
                read_row(self.luma, width, y, self.format.sample_size_bytes(), lumas, self.format.luma_scale());
            }
        }
        if has_core {
            self.find_spill(row, class, &mut lines.spill);
        }
        for (line, out) in out.chunks_exact_mut(width * 4).enumerate() {
            if has_core {
                self.read_chroma(row, line, lines);
            }
            let mut column = 0;
            for run in class.chunk_by(|a, b| a == b) {
                let end = column + run.len();
                let pixels = column * across..(end * across).min(width);
                match run[0] {
                    SCREEN => {
                        for (x, out) in pixels.clone().zip(out[pixels.start * 4..pixels.end * 4].as_chunks_mut::<4>().0) {
                            *out = lines.hidden[x / across / CELL];
                        }
                    }
                    CORE => self.paint_core(row, line, pixels, lines, out),
                    _ => {}
                }
                column = end;
            }
        }
        for (column, class) in class.iter().enumerate() {
            if *class != SCREEN && *class != CORE {
                self.paint_soft(column, row, &lines.lumas, mixture, out);
            }
        }
    }

    fn find_spill(&self, row: usize, class: &[u8], spill: &mut [f32]) {
        let start = row * class.len();
        for (column, (spill, class)) in spill.iter_mut().zip(class).enumerate() {
            *spill = if *class == CORE && self.outside.cells[start + column] != FIXED {
                let seen = [0, 1, 2].map(|channel: usize| self.view.blocks[channel].cells[start + column]);
                self.tones.spill(seen, self.view.plate_at(start + column)) * self.spill_strength
            } else {
                0.0
            };
        }
    }

    /// The chroma that belongs to one row of pixels, interpolated downwards.
    fn read_chroma(&self, row: usize, line: usize, lines: &mut Lines) {
        for (plane, chroma) in self.view.blocks[1..].iter().zip(&mut lines.chroma) {
            let [above, own, below] = plane.three_rows(row);
            if self.format.down == 1 {
                chroma.copy_from_slice(own);
                continue;
            }
            for (chroma, (own, far)) in chroma.iter_mut().zip(own.iter().zip(if line == 0 { above } else { below })) {
                *chroma = own * 0.75 + far * 0.25;
            }
        }
    }

    fn paint_core(&self, row: usize, line: usize, pixels: std::ops::Range<usize>, lines: &Lines, out: &mut [u8]) {
        let across = self.format.across;
        let offsets = self.siting.offsets(across);
        let columns = self.view.odd.columns;
        let plate = [0, 1, 2].map(|channel: usize| self.view.plate[channel].row(row));
        let factors = self.space.factors();
        for (x, out) in pixels.clone().zip(out[pixels.start * 4..pixels.end * 4].as_chunks_mut::<4>().0) {
            let column = x / across;
            let offset = offsets[x % across];
            let beside = if offset < 0.0 { column.saturating_sub(1) } else { (column + 1).min(columns - 1) };
            let share = offset.abs();
            let [p, q] = [0, 1].map(|channel: usize| {
                let own = lines.chroma[channel][column];
                own + (lines.chroma[channel][beside] - own) * share
            });
            let spill = lines.spill[column];
            let (y, p, q) =
                (lines.lumas[line][x] - spill * plate[0][column], p - spill * plate[1][column], q - spill * plate[2][column]);
            *out = pixel(factors.map(|[by_p, by_q]| y + by_p * p + by_q * q), 1.0);
        }
    }

    fn paint_soft(&self, column: usize, row: usize, lines: &[Vec<f32>; 2], mixture: &mut EdgeMixture, out: &mut [u8]) {
        let PlanarFormat { across, down, width, height, .. } = *self.format;
        let index = row * self.view.odd.columns + column;
        let (color, screen) = (self.solved.color[index], self.view.plate_at(index));
        let at = |dx: usize, dy: usize| lines[dy][(column * across + dx.min(across - 1)).min(width - 1)];
        let lumas = [at(0, 0), at(1, 0), at(0, 1), at(1, 1)];
        let block = Block { lumas, subject: color[0], screen: screen[0], noise: self.noise[0], sharpness: self.sharpness };
        let alphas = spread(&block, &self.near(column, row), (across, down), self.siting, mixture);
        let spill = self.tones.spill(color, screen) * self.spill_strength;
        // A block has one chroma, so its pixels differ by luma alone.
        let [red, green, blue] =
            self.space.to_rgb([-spill * screen[0], color[1] - spill * screen[1], color[2] - spill * screen[2]]);
        for (index, (alpha, luma)) in alphas.into_iter().zip(lumas).enumerate() {
            let (dx, dy) = (index % 2, index / 2);
            let (x, y) = (column * across + dx, row * down + dy);
            if dx >= across || dy >= down || x >= width || y >= height {
                continue;
            }
            let alpha = settled(alpha);
            let own = (luma - (1.0 - alpha) * screen[0]) / alpha.max(ALPHA_SEEN_MIN);
            let share = alpha * alpha / (alpha * alpha + OWN_LUMA_HALF);
            let luma = color[0] + (own - color[0]) * share;
            let at = (dy * width + x) * 4;
            out[at..at + 4].copy_from_slice(&pixel([luma + red, luma + green, luma + blue], self.levels.apply(alpha)));
        }
    }

    fn near(&self, column: usize, row: usize) -> [[f32; 3]; 3] {
        let alpha = &self.solved.alpha;
        let (left, right) = (column.saturating_sub(1), (column + 1).min(alpha.columns - 1));
        alpha.three_rows(row).map(|row| [row[left], row[column], row[right]])
    }

    /// A colour without the screen's light.
    fn clean(&self, color: Ypq, screen: Ypq) -> Ypq {
        let spill = self.tones.spill(color, screen) * self.spill_strength;
        [0, 1, 2].map(|channel: usize| color[channel] - spill * screen[channel])
    }
}

fn settled(alpha: f32) -> f32 {
    match alpha {
        alpha if alpha < ALPHA_SEEN_MIN => 0.0,
        alpha if alpha > ALPHA_OPAQUE_MIN => 1.0,
        alpha => alpha,
    }
}

fn pixel([red, green, blue]: [f32; 3], alpha: f32) -> [u8; 4] {
    (code(red) | code(green) << 8 | code(blue) << 16 | code(alpha * 255.0) << 24).to_le_bytes()
}
