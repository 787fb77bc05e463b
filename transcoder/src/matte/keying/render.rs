//! Renders the keyed frame as straight RGBA: alpha at pixel resolution, colours despilled. Runs of
//! screen and of core, most of a picture, have fast paths.
//!
//! Where alpha is 0 the colour is that of the nearest core, so that chroma subsampling bleeds no
//! screen into an edge.

use rayon::prelude::*;

use super::blocks::Blocks;
use super::clean_plate::CleanPlate;
use super::core_colors::{CELL, CoreColors};
use super::foreground_estimation::BlockMatte;
use super::screen_space::{ScreenSpace, Ypq};
use super::spill::SpillMap;
use super::trimap::{CORE, SCREEN};
use ::keyer::color::{Rgb, code};
use ::keyer::edge_sharpness::MixedPixels;
use ::keyer::planar::{PlanarFormat, read_samples};
use ::keyer::upsample::{BlockLuma, upsample_alpha};
use ::keyer::{Levels, Siting};

/// Alpha of a pixel below the first is set to 0, above the second to 1.
const ALPHA_MIN: f32 = 5.0 / 255.0;
const ALPHA_OPAQUE_MIN: f32 = 251.0 / 255.0;
/// Square of the alpha at which a pixel's own unmixed luma counts half.
const OWN_LUMA_HALF: f32 = 0.1;

/// A keyed frame, ready to be rendered.
#[derive(Debug, Clone, Copy)]
pub struct Renderer<'a> {
    pub format: &'a PlanarFormat,
    pub space: &'a ScreenSpace,
    pub frame: [&'a [u8]; 3],
    pub blocks: &'a Blocks,
    pub labels: &'a [u8],
    pub plate: &'a CleanPlate,
    pub matte: &'a BlockMatte,
    pub core_colors: &'a CoreColors,
    pub spill: &'a SpillMap,
    pub levels: Levels,
    /// Sharpness of the clip's edges, 0 to 1.
    pub sharpness: f32,
}

/// Scratch memory of one row of cells.
#[derive(Debug, Clone)]
pub struct RowBuffers {
    spill: [Vec<f32>; 3],
    chroma: [Vec<f32>; 2],
    other_row: Vec<f32>,
    pixels: [Vec<f32>; 4],
    transparent_colors: Vec<[u8; 4]>,
    /// Mixed pixels at the edges of these rows.
    pub mixture: MixedPixels,
}

impl RowBuffers {
    pub fn new(format: &PlanarFormat) -> Self {
        let (blocks, pixels) = (vec![0.0; format.columns()], vec![0.0; format.width]);
        Self {
            spill: [blocks.clone(), blocks.clone(), blocks.clone()],
            chroma: [blocks.clone(), blocks.clone()],
            other_row: blocks,
            pixels: [pixels.clone(), pixels.clone(), pixels.clone(), pixels],
            transparent_colors: vec![[0; 4]; format.columns().div_ceil(CELL)],
            mixture: MixedPixels::default(),
        }
    }
}

impl Renderer<'_> {
    /// Renders the frame; `rows` has an element for each row of cells.
    pub fn render(&self, rows: &mut [RowBuffers], out: &mut [u8]) {
        let row_bytes = self.format.width * 4 * self.format.down;
        out.par_chunks_mut(row_bytes * CELL).zip(rows).enumerate().for_each(|(cell_row, (out, rows))| {
            self.write_transparent_colors(cell_row, &mut rows.transparent_colors);
            for (row, out) in out.chunks_mut(row_bytes).enumerate() {
                self.render_block_row(cell_row * CELL + row, rows, out);
            }
        });
    }

    /// Colours of transparent pixels: the despilled core nearby.
    fn write_transparent_colors(&self, cell_row: usize, transparent_colors: &mut [[u8; 4]]) {
        let start = cell_row * self.core_colors.cells.columns;
        let cells = self.core_colors.cells.colors.iter().zip(&self.spill.map.colors).skip(start);
        for (transparent_colors, (color, spill)) in transparent_colors.iter_mut().zip(cells) {
            *transparent_colors = pixel(self.space.to_rgb(self.despill(*color, spill[0], spill[1])), 0.0);
        }
    }

    fn render_block_row(&self, row: usize, rows: &mut RowBuffers, out: &mut [u8]) {
        let columns = self.blocks.columns;
        let labels = &self.labels[row * columns..(row + 1) * columns];
        if labels.iter().any(|labels| *labels != SCREEN) {
            self.spill.map.write_row(row, &mut rows.spill);
        }
        let has_core = labels.contains(&CORE);
        let width = self.format.width;
        for (line, out) in out.chunks_exact_mut(width * 4).enumerate() {
            if has_core {
                self.read_chroma(row, line, rows);
            }
            let mut column = 0;
            for run in labels.chunk_by(|a, b| a == b) {
                let end = column + run.len();
                let pixels = column * self.format.across..(end * self.format.across).min(width);
                match run[0] {
                    SCREEN => self.render_screen(pixels, rows, out),
                    CORE => self.render_core(row * self.format.down + line, column..end, pixels, rows, out),
                    _ => {}
                }
                column = end;
            }
        }
        for (column, labels) in labels.iter().enumerate() {
            if *labels != SCREEN && *labels != CORE {
                let spills = [rows.spill[0][column], rows.spill[1][column]];
                self.render_uncertain(column, row, spills, &mut rows.mixture, out);
            }
        }
    }

    fn render_screen(&self, pixels: std::ops::Range<usize>, rows: &RowBuffers, out: &mut [u8]) {
        let (out, _) = out[pixels.start * 4..pixels.end * 4].as_chunks_mut::<4>();
        let side = CELL * self.format.across;
        let first = (side - pixels.start % side).min(out.len());
        let (head, tail) = out.split_at_mut(first);
        head.fill(rows.transparent_colors[pixels.start / side]);
        for (out, color) in tail.chunks_mut(side).zip(rows.transparent_colors.iter().skip(pixels.start / side + 1)) {
            out.fill(*color);
        }
    }

    /// Reads the chroma of one row of pixels, interpolated vertically.
    fn read_chroma(&self, row: usize, line: usize, rows: &mut RowBuffers) {
        let (columns, size) = (self.blocks.columns, self.format.sample_size_bytes());
        let other_row = if line == 0 { row.saturating_sub(1) } else { (row + 1).min(self.blocks.rows - 1) };
        for (plane, chroma) in self.frame[1..].iter().zip(&mut rows.chroma) {
            let scale = self.format.chroma_scale();
            read_samples(&plane[row * columns * size..][..columns * size], size, scale, chroma);
            if self.format.down == 2 {
                read_samples(&plane[other_row * columns * size..][..columns * size], size, scale, &mut rows.other_row);
                for (chroma, other_row) in chroma.iter_mut().zip(&rows.other_row) {
                    *chroma = *chroma * 0.75 + *other_row * 0.25;
                }
            }
        }
    }

    fn render_core(
        &self,
        line: usize,
        blocks: std::ops::Range<usize>,
        pixels: std::ops::Range<usize>,
        rows: &mut RowBuffers,
        out: &mut [u8],
    ) {
        let size = self.format.sample_size_bytes();
        let (out, _) = out[pixels.start * 4..pixels.end * 4].as_chunks_mut::<4>();
        let count = out.len();
        let [lumas, first, second, spills] = &mut rows.pixels;
        let luma = &self.frame[0][(line * self.format.width + pixels.start) * size..][..count * size];
        read_samples(luma, size, self.format.luma_scale(), &mut lumas[..count]);
        interpolate(&rows.chroma[0], blocks.clone(), self.format.across, &mut first[..count]);
        interpolate(&rows.chroma[1], blocks.clone(), self.format.across, &mut second[..count]);
        repeat(&rows.spill[0][blocks], self.format.across, &mut spills[..count]);
        let factors = self.space.rgb_factors();
        let [red, green, blue] = self.space.to_rgb(self.plate.expected);
        let colors = lumas.iter().zip(first.iter()).zip(second.iter()).zip(spills.iter());
        for (out, (((luma, cb), cr), spill)) in out.iter_mut().zip(colors) {
            let red = code(luma + factors[0] * cr - spill * red);
            let green = code(luma - factors[1] * cb - factors[2] * cr - spill * green);
            let blue = code(luma + factors[3] * cb - spill * blue);
            *out = (red | green << 8 | blue << 16 | 0xff00_0000).to_le_bytes();
        }
    }

    fn render_uncertain(&self, column: usize, row: usize, [spill, margin]: [f32; 2], mixture: &mut MixedPixels, out: &mut [u8]) {
        let PlanarFormat { across, down, width, height, .. } = *self.format;
        let [subject, p, q, screen] = self.matte.color[row * self.blocks.columns + column];
        let (lumas, neighbours) = (self.lumas(column, row), self.neighbours(column, row));
        let block = BlockLuma { lumas, foreground: subject, screen, noise: self.plate.noise[0], sharpness: self.sharpness };
        let alphas = upsample_alpha(&block, &neighbours, (across, down), Siting::Center, mixture);
        // A block has one chroma: its pixels differ in luma alone.
        let [red, green, blue] = self.space.to_rgb(self.despill([0.0, p, q], spill, margin));
        for (index, (alpha, luma)) in alphas.into_iter().zip(lumas).enumerate() {
            let (dx, dy) = (index % 2, index / 2);
            let (x, y) = (column * across + dx, row * down + dy);
            if dx >= across || dy >= down || x >= width || y >= height {
                continue;
            }
            let alpha = snap(alpha);
            let own = (luma - (1.0 - alpha) * screen) / alpha.max(ALPHA_MIN);
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

    fn neighbours(&self, column: usize, row: usize) -> [[f32; 3]; 3] {
        let (left, right) = (column.saturating_sub(1), (column + 1).min(self.blocks.columns - 1));
        let across = |row: usize| {
            let start = row * self.blocks.columns;
            [self.matte.alpha[start + left], self.matte.alpha[start + column], self.matte.alpha[start + right]]
        };
        [across(row.saturating_sub(1)), across(row), across((row + 1).min(self.blocks.rows - 1))]
    }

    /// Despill: subtracts the spill, and chroma of the screen beyond what the core nearby has.
    fn despill(&self, [y, p, q]: Ypq, spill: f32, margin: f32) -> Ypq {
        let screen = self.plate.expected;
        let excess = spill + (p / screen[1] - spill - margin).max(0.0);
        [y - excess * screen[0], p - excess * screen[1], q]
    }
}

fn snap(alpha: f32) -> f32 {
    match alpha {
        alpha if alpha < ALPHA_MIN => 0.0,
        alpha if alpha > ALPHA_OPAQUE_MIN => 1.0,
        alpha => alpha,
    }
}

fn pixel([red, green, blue]: Rgb, alpha: f32) -> [u8; 4] {
    (code(red) | code(green) << 8 | code(blue) << 16 | code(alpha * 255.0) << 24).to_le_bytes()
}

/// Interpolates the chroma of blocks horizontally at their pixels.
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
