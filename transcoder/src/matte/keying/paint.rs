//! Blocks back to pixels: straight RGBA. Most of a picture is plain screen or plain core, and goes by in runs.
//!
//! Where alpha is 0, the colour continues the nearest subject, so that no encoder's chroma smears screen into an edge.

use rayon::prelude::*;

use super::blocks::Blocks;
use super::color::{Space, Ypq};
use super::options::Levels;
use super::plate::Plate;
use super::rough::{CORE, SCREEN};
use super::sharpness::EdgeMixture;
use super::solve::Solved;
use super::spill::Spill;
use super::spread::{Block, spread};
use super::subject::{CELL, Subject};
use crate::frame::color::{Rgb, code};
use crate::frame::planar::{PlanarFormat, read_samples};

/// Alpha that nobody sees is none, and what lacks as little is all.
const ALPHA_SEEN_MIN: f32 = 5.0 / 255.0;
const ALPHA_OPAQUE_MIN: f32 = 251.0 / 255.0;
/// The square of the alpha from which a pixel's own luma counts half.
const OWN_LUMA_HALF: f32 = 0.1;

/// Everything that is known about a frame.
#[derive(Debug, Clone, Copy)]
pub struct Painter<'a> {
    pub format: &'a PlanarFormat,
    pub space: &'a Space,
    pub frame: [&'a [u8]; 3],
    pub blocks: &'a Blocks,
    pub class: &'a [u8],
    pub plate: &'a Plate,
    pub solved: &'a Solved,
    pub subject: &'a Subject,
    pub spill: &'a Spill,
    pub levels: Levels,
    /// How far edges may be held for sharp, 0 to 1.
    pub sharpness: f32,
}

/// What one row of blocks needs while it is painted.
#[derive(Debug, Clone)]
pub struct Rows {
    light: [Vec<f32>; 3],
    chroma: [Vec<f32>; 2],
    far: Vec<f32>,
    pixels: [Vec<f32>; 4],
    hidden: Vec<[u8; 4]>,
    /// What was noted of its edges.
    pub mixture: EdgeMixture,
}

impl Rows {
    pub fn new(format: &PlanarFormat) -> Self {
        let (blocks, pixels) = (vec![0.0; format.columns()], vec![0.0; format.width]);
        Self {
            light: [blocks.clone(), blocks.clone(), blocks.clone()],
            chroma: [blocks.clone(), blocks.clone()],
            far: blocks,
            pixels: [pixels.clone(), pixels.clone(), pixels.clone(), pixels],
            hidden: vec![[0; 4]; format.columns().div_ceil(CELL)],
            mixture: EdgeMixture::default(),
        }
    }
}

impl Painter<'_> {
    /// Paints the frame, a row of cells at a time; there are as many `rows` as those.
    pub fn paint(&self, rows: &mut [Rows], out: &mut [u8]) {
        let row_bytes = self.format.width * 4 * self.format.down;
        out.par_chunks_mut(row_bytes * CELL).zip(rows).enumerate().for_each(|(cell_row, (out, rows))| {
            self.hide(cell_row, &mut rows.hidden);
            for (row, out) in out.chunks_mut(row_bytes).enumerate() {
                self.paint_blocks(cell_row * CELL + row, rows, out);
            }
        });
    }

    /// The colours of what is not seen.
    fn hide(&self, cell_row: usize, hidden: &mut [[u8; 4]]) {
        let start = cell_row * self.subject.cells.columns;
        let cells = self.subject.cells.colors.iter().zip(&self.spill.light.colors).skip(start);
        for (hidden, (color, light)) in hidden.iter_mut().zip(cells) {
            *hidden = pixel(self.space.to_rgb(self.clean(*color, light[0], light[1])), 0.0);
        }
    }

    fn paint_blocks(&self, row: usize, rows: &mut Rows, out: &mut [u8]) {
        let columns = self.blocks.columns;
        let class = &self.class[row * columns..(row + 1) * columns];
        if class.iter().any(|class| *class != SCREEN) {
            self.spill.light.write_row(row, &mut rows.light);
        }
        let has_core = class.contains(&CORE);
        let width = self.format.width;
        for (line, out) in out.chunks_exact_mut(width * 4).enumerate() {
            if has_core {
                self.read_chroma(row, line, rows);
            }
            let mut column = 0;
            for run in class.chunk_by(|a, b| a == b) {
                let end = column + run.len();
                let pixels = column * self.format.across..(end * self.format.across).min(width);
                match run[0] {
                    SCREEN => self.paint_screen(pixels, rows, out),
                    CORE => self.paint_core(row * self.format.down + line, column..end, pixels, rows, out),
                    _ => {}
                }
                column = end;
            }
        }
        for (column, class) in class.iter().enumerate() {
            if *class != SCREEN && *class != CORE {
                let lights = [rows.light[0][column], rows.light[1][column]];
                self.paint_soft(column, row, lights, &mut rows.mixture, out);
            }
        }
    }

    fn paint_screen(&self, pixels: std::ops::Range<usize>, rows: &Rows, out: &mut [u8]) {
        let (out, _) = out[pixels.start * 4..pixels.end * 4].as_chunks_mut::<4>();
        let side = CELL * self.format.across;
        let first = (side - pixels.start % side).min(out.len());
        let (head, tail) = out.split_at_mut(first);
        head.fill(rows.hidden[pixels.start / side]);
        for (out, color) in tail.chunks_mut(side).zip(rows.hidden.iter().skip(pixels.start / side + 1)) {
            out.fill(*color);
        }
    }

    /// The chroma that belongs to one row of pixels, interpolated downwards.
    fn read_chroma(&self, row: usize, line: usize, rows: &mut Rows) {
        let (columns, size) = (self.blocks.columns, self.format.sample_size_bytes());
        let far = if line == 0 { row.saturating_sub(1) } else { (row + 1).min(self.blocks.rows - 1) };
        for (plane, chroma) in self.frame[1..].iter().zip(&mut rows.chroma) {
            let scale = self.format.chroma_scale();
            read_samples(&plane[row * columns * size..][..columns * size], size, scale, chroma);
            if self.format.down == 2 {
                read_samples(&plane[far * columns * size..][..columns * size], size, scale, &mut rows.far);
                for (chroma, far) in chroma.iter_mut().zip(&rows.far) {
                    *chroma = *chroma * 0.75 + *far * 0.25;
                }
            }
        }
    }

    fn paint_core(
        &self,
        line: usize,
        blocks: std::ops::Range<usize>,
        pixels: std::ops::Range<usize>,
        rows: &mut Rows,
        out: &mut [u8],
    ) {
        let size = self.format.sample_size_bytes();
        let (out, _) = out[pixels.start * 4..pixels.end * 4].as_chunks_mut::<4>();
        let count = out.len();
        let [lumas, first, second, lights] = &mut rows.pixels;
        let luma = &self.frame[0][(line * self.format.width + pixels.start) * size..][..count * size];
        read_samples(luma, size, self.format.luma_scale(), &mut lumas[..count]);
        interpolate(&rows.chroma[0], blocks.clone(), self.format.across, &mut first[..count]);
        interpolate(&rows.chroma[1], blocks.clone(), self.format.across, &mut second[..count]);
        repeat(&rows.light[0][blocks], self.format.across, &mut lights[..count]);
        let factors = self.space.rgb_factors();
        let [red, green, blue] = self.space.to_rgb(self.plate.expected);
        let colors = lumas.iter().zip(first.iter()).zip(second.iter()).zip(lights.iter());
        for (out, (((luma, cb), cr), light)) in out.iter_mut().zip(colors) {
            let red = code(luma + factors[0] * cr - light * red);
            let green = code(luma - factors[1] * cb - factors[2] * cr - light * green);
            let blue = code(luma + factors[3] * cb - light * blue);
            *out = (red | green << 8 | blue << 16 | 0xff00_0000).to_le_bytes();
        }
    }

    fn paint_soft(&self, column: usize, row: usize, [light, lean]: [f32; 2], mixture: &mut EdgeMixture, out: &mut [u8]) {
        let PlanarFormat { across, down, width, height, .. } = *self.format;
        let [subject, p, q, screen] = self.solved.color[row * self.blocks.columns + column];
        let (lumas, near) = (self.lumas(column, row), self.near(column, row));
        let block = Block { lumas, subject, screen, noise: self.plate.noise[0], sharpness: self.sharpness };
        let alphas = spread(&block, &near, (across, down), mixture);
        // A block has one chroma, so its pixels differ by luma alone.
        let [red, green, blue] = self.space.to_rgb(self.clean([0.0, p, q], light, lean));
        for (index, (alpha, luma)) in alphas.into_iter().zip(lumas).enumerate() {
            let (dx, dy) = (index % 2, index / 2);
            let (x, y) = (column * across + dx, row * down + dy);
            if dx >= across || dy >= down || x >= width || y >= height {
                continue;
            }
            let alpha = settled(alpha);
            let own = (luma - (1.0 - alpha) * screen) / alpha.max(ALPHA_SEEN_MIN);
            let share = alpha * alpha / (alpha * alpha + OWN_LUMA_HALF);
            let luma = subject + (own - subject) * share;
            let at = (dy * width + x) * 4;
            out[at..at + 4].copy_from_slice(&pixel([luma + red, luma + green, luma + blue], self.levels.apply(alpha)));
        }
    }

    fn lumas(&self, column: usize, row: usize) -> [f32; 4] {
        let PlanarFormat { across, down, width, height, .. } = *self.format;
        let (gain, offset) = self.format.luma_scale();
        let at = |dx: usize, dy: usize| {
            let x = (column * across + dx.min(across - 1)).min(width - 1);
            let y = (row * down + dy.min(down - 1)).min(height - 1);
            self.format.code(self.frame[0], y * width + x) * gain + offset
        };
        [at(0, 0), at(1, 0), at(0, 1), at(1, 1)]
    }

    fn near(&self, column: usize, row: usize) -> [[f32; 3]; 3] {
        let (left, right) = (column.saturating_sub(1), (column + 1).min(self.blocks.columns - 1));
        let across = |row: usize| {
            let start = row * self.blocks.columns;
            [self.solved.alpha[start + left], self.solved.alpha[start + column], self.solved.alpha[start + right]]
        };
        [across(row.saturating_sub(1)), across(row), across((row + 1).min(self.blocks.rows - 1))]
    }

    /// A colour without the screen's light.
    fn clean(&self, [y, p, q]: Ypq, light: f32, lean: f32) -> Ypq {
        let screen = self.plate.expected;
        let excess = light + (p / screen[1] - light - lean).max(0.0);
        [y - excess * screen[0], p - excess * screen[1], q]
    }
}

fn settled(alpha: f32) -> f32 {
    match alpha {
        alpha if alpha < ALPHA_SEEN_MIN => 0.0,
        alpha if alpha > ALPHA_OPAQUE_MIN => 1.0,
        alpha => alpha,
    }
}

fn pixel([red, green, blue]: Rgb, alpha: f32) -> [u8; 4] {
    (code(red) | code(green) << 8 | code(blue) << 16 | code(alpha * 255.0) << 24).to_le_bytes()
}

/// Chroma of blocks at their pixels.
fn interpolate(chroma: &[f32], blocks: std::ops::Range<usize>, across: usize, out: &mut [f32]) {
    let last = chroma.len() - 1;
    if across == 1 {
        out.copy_from_slice(&chroma[blocks]);
        return;
    }
    for (column, out) in blocks.zip(out.chunks_mut(2)) {
        let own = chroma[column] * 0.75;
        out[0] = own + chroma[column.saturating_sub(1)] * 0.25;
        if let Some(out) = out.get_mut(1) {
            *out = own + chroma[(column + 1).min(last)] * 0.25;
        }
    }
}

fn repeat(blocks: &[f32], across: usize, out: &mut [f32]) {
    for (value, out) in blocks.iter().zip(out.chunks_mut(across)) {
        out.fill(*value);
    }
}
