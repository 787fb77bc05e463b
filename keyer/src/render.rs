//! Renders straight RGBA from the matte and foreground of blocks.
//!
//! Where alpha is 0, the colour continues that of the nearest core, so that an encoder's chroma
//! does not carry screen into edges.

use std::ops::Range;

use crate::blocks::Siting;
use crate::color::code;
use crate::core_colors::{CELL, CoreColors};
use crate::edge_sharpness::MixedPixels;
use crate::foreground_estimation::BlockMatte;
use crate::options::Levels;
use crate::planar::{PlanarFormat, read_samples};
use crate::plane::Plane;
use crate::plate_comparison::PlateComparison;
use crate::screen_space::{ScreenSpace, Ypq};
use crate::spill::SpillModel;
use crate::static_regions::{SET, STANDING_SET};
use crate::trimap::{CORE, SCREEN};
use crate::upsample::{BlockLuma, upsample_alpha};

/// Alpha of a pixel below the first is set to 0, above the second to 1.
const ALPHA_MIN: f32 = 5.0 / 255.0;
const ALPHA_OPAQUE_MIN: f32 = 251.0 / 255.0;
/// Square of the alpha at which a pixel's own luma has half the weight. Tuned: generator seeds
/// 1 and 7, all kinds.
const OWN_LUMA_HALF: f32 = 0.1;

/// Size of a row of a cell's pixels, at most.
const CELL_BYTES: usize = CELL * 2 * 4;

/// Everything that a frame is rendered from.
#[derive(Debug, Clone, Copy)]
pub struct Renderer<'a> {
    pub format: &'a PlanarFormat,
    pub siting: Siting,
    pub space: &'a ScreenSpace,
    pub luma: &'a [u8],
    pub comparison: &'a PlateComparison,
    pub labels: &'a [u8],
    pub noise: Ypq,
    pub matte: &'a BlockMatte,
    pub core_colors: &'a CoreColors,
    pub spill_model: &'a SpillModel,
    pub static_regions: &'a Plane<u8>,
    pub levels: Levels,
    pub spill_strength: f32,
    /// [`EdgeSharpness::factor`](crate::edge_sharpness::EdgeSharpness::factor) of the shot.
    pub sharpness: f32,
}

/// Buffers of one row of blocks.
#[derive(Debug, Clone)]
pub struct RenderBuffers {
    lumas: [Vec<f32>; 2],
    chroma: [Vec<f32>; 2],
    pixel_chroma: [Vec<f32>; 2],
    marked: Vec<u8>,
    spill: Vec<f32>,
    transparent: Vec<[u8; CELL_BYTES]>,
    /// Runs of blocks with one label.
    runs: Vec<(u8, Range<usize>)>,
}

impl RenderBuffers {
    pub fn new(format: &PlanarFormat) -> Self {
        let (blocks, pixels) = (vec![0.0; format.columns()], vec![0.0; format.width]);
        Self {
            lumas: [pixels.clone(), pixels],
            chroma: [blocks.clone(), blocks.clone()],
            pixel_chroma: [(); 2].map(|()| vec![0.0; blocks.len() * format.across]),
            marked: vec![0; blocks.len()],
            spill: blocks,
            transparent: vec![[0; CELL_BYTES]; format.columns().div_ceil(CELL)],
            runs: Vec::new(),
        }
    }
}

impl Renderer<'_> {
    pub fn render(&self, buffers: &mut RenderBuffers, mixture: &mut MixedPixels, out: &mut [u8]) {
        let row_size_bytes = self.format.width * 4 * self.format.down;
        for (row, out) in out.chunks_mut(row_size_bytes).enumerate() {
            if row % CELL == 0 {
                self.fill_transparent(row / CELL, &mut buffers.transparent);
            }
            self.render_row(row, buffers, mixture, out);
        }
    }

    /// Colours of the pixels with alpha 0, a cell of blocks each.
    fn fill_transparent(&self, cell_row: usize, transparent: &mut [[u8; CELL_BYTES]]) {
        let columns = self.core_colors.cells.columns;
        for (column, transparent) in transparent.iter_mut().enumerate() {
            let [y, p, q, _] = self.core_colors.cells.cells[cell_row * columns + column];
            let block = (cell_row * CELL).min(self.comparison.distance.rows - 1) * self.comparison.distance.columns
                + (column * CELL).min(self.comparison.distance.columns - 1);
            let pixel = pixel(self.space.to_rgb(self.despill([y, p, q], self.comparison.plate_at(block))), 0.0);
            transparent.as_chunks_mut::<4>().0.fill(pixel);
        }
    }

    fn render_row(&self, row: usize, buffers: &mut RenderBuffers, mixture: &mut MixedPixels, out: &mut [u8]) {
        let columns = self.comparison.distance.columns;
        let labels = &self.labels[row * columns..(row + 1) * columns];
        let width = self.format.width;
        let mut runs = std::mem::take(&mut buffers.runs);
        runs.clear();
        let mut start = 0;
        for run in labels.chunk_by(|a, b| a == b) {
            runs.push((run[0], start..start + run.len()));
            start += run.len();
        }
        let mut visible = runs.iter().filter(|(label, _)| *label != SCREEN).map(|(_, run)| run);
        if let Some(first) = visible.next() {
            let visible = first.start..visible.next_back().unwrap_or(first).end;
            self.read_luma(row, &visible, buffers);
            self.measure_spill(row, labels, &visible, buffers);
        }
        for (line, out) in out.chunks_exact_mut(width * 4).enumerate() {
            for (label, run) in &runs {
                match *label {
                    SCREEN => self.render_screen(run, &buffers.transparent, out),
                    CORE => self.render_core(row, line, run.clone(), buffers, out),
                    _ => {}
                }
            }
        }
        for (_, run) in runs.iter().filter(|(label, _)| *label != SCREEN && *label != CORE) {
            for column in run.clone() {
                self.render_uncertain(column, row, &buffers.lumas, mixture, out);
            }
        }
        buffers.runs = runs;
    }

    /// Reads the luma of some blocks of a row.
    fn read_luma(&self, row: usize, blocks: &Range<usize>, buffers: &mut RenderBuffers) {
        let PlanarFormat { width, height, across, down, .. } = *self.format;
        let size = self.format.sample_size_bytes();
        let pixels = blocks.start * across..(blocks.end * across).min(width);
        for (line, lumas) in buffers.lumas.iter_mut().enumerate() {
            let start = (row * down + line.min(down - 1)).min(height - 1) * width;
            let samples = &self.luma[(start + pixels.start) * size..(start + pixels.end) * size];
            read_samples(samples, size, self.format.luma_scale(), &mut lumas[pixels.clone()]);
        }
    }

    /// Measures the spill of the core among some blocks of a row; others have none.
    fn measure_spill(&self, row: usize, labels: &[u8], blocks: &Range<usize>, buffers: &mut RenderBuffers) {
        let RenderBuffers { marked, spill, .. } = buffers;
        let (marked, spill) = (&mut marked[blocks.clone()], &mut spill[blocks.clone()]);
        let regions = &self.static_regions.row(row)[blocks.clone()];
        for (marked, (label, region)) in marked.iter_mut().zip(labels[blocks.clone()].iter().zip(regions)) {
            *marked = u8::from(*label == CORE) & u8::from(*region != SET) & u8::from(*region != STANDING_SET);
        }
        let [colors, screen] = [&self.comparison.blocks, &self.comparison.plate]
            .map(|planes| planes.each_ref().map(|plane| &plane.row(row)[blocks.clone()]));
        self.spill_model.write_row(colors, screen, marked, spill);
        for spill in spill {
            *spill *= self.spill_strength;
        }
    }

    /// Fills a run of screen blocks in one row of pixels.
    fn render_screen(&self, blocks: &Range<usize>, transparent: &[[u8; CELL_BYTES]], out: &mut [u8]) {
        let PlanarFormat { width, across, .. } = *self.format;
        let mut start = blocks.start;
        while start < blocks.end {
            let cell = start / CELL;
            let end = ((cell + 1) * CELL).min(blocks.end);
            let out = &mut out[start * across * 4..(end * across).min(width) * 4];
            if let Ok(out) = <&mut [u8; CELL_BYTES]>::try_from(&mut *out) {
                *out = transparent[cell];
            } else {
                out.copy_from_slice(&transparent[cell][..out.len()]);
            }
            start = end;
        }
    }

    /// Chroma of some blocks of a row and of their neighbours, interpolated vertically to a row of
    /// pixels.
    fn interpolate_chroma(&self, row: usize, line: usize, blocks: &Range<usize>, chroma: &mut [Vec<f32>; 2]) {
        let near = blocks.start.saturating_sub(1)..(blocks.end + 1).min(self.comparison.distance.columns);
        for (plane, chroma) in self.comparison.blocks[1..].iter().zip(chroma) {
            let chroma = &mut chroma[near.clone()];
            let [above, own, below] = plane.three_rows(row).map(|row| &row[near.clone()]);
            if self.format.down == 1 {
                chroma.copy_from_slice(own);
                continue;
            }
            for (chroma, (own, far)) in chroma.iter_mut().zip(own.iter().zip(if line == 0 { above } else { below })) {
                *chroma = own * 0.75 + far * 0.25;
            }
        }
    }

    /// Renders a run of core blocks in one row of pixels.
    fn render_core(&self, row: usize, line: usize, blocks: Range<usize>, buffers: &mut RenderBuffers, out: &mut [u8]) {
        let PlanarFormat { width, across, .. } = *self.format;
        let last = self.comparison.distance.columns - 1;
        let RenderBuffers { lumas, chroma, spill, pixel_chroma, .. } = buffers;
        self.interpolate_chroma(row, line, &blocks, chroma);
        for (chroma, pixels) in chroma.iter().zip(pixel_chroma.iter_mut()) {
            for (pixel, offset) in self.siting.offsets(across).into_iter().enumerate().take(across) {
                let share = offset.abs();
                for column in blocks.clone() {
                    let beside = if offset < 0.0 { column.saturating_sub(1) } else { (column + 1).min(last) };
                    pixels[column * across + pixel] = chroma[column] + (chroma[beside] - chroma[column]) * share;
                }
            }
        }
        if spill[blocks.clone()].iter().any(|spill| *spill > 0.0) {
            let [screen_y, screen_p, screen_q] = self.comparison.plate.each_ref().map(|plane| plane.row(row));
            let [p, q] = pixel_chroma;
            for column in blocks.clone() {
                for x in column * across..((column + 1) * across).min(width) {
                    lumas[line][x] -= spill[column] * screen_y[column];
                    p[x] -= spill[column] * screen_p[column];
                    q[x] -= spill[column] * screen_q[column];
                }
            }
        }
        let pixels = blocks.start * across..(blocks.end * across).min(width);
        let [[red_p, red_q], [green_p, green_q], [blue_p, blue_q]] = self.space.factors();
        let chroma = pixel_chroma[0][pixels.clone()].iter().zip(&pixel_chroma[1][pixels.clone()]);
        let out = out[pixels.start * 4..pixels.end * 4].as_chunks_mut::<4>().0;
        for (out, (y, (p, q))) in out.iter_mut().zip(lumas[line][pixels].iter().zip(chroma)) {
            *out = pixel([y + red_p * p + red_q * q, y + green_p * p + green_q * q, y + blue_p * p + blue_q * q], 1.0);
        }
    }

    fn render_uncertain(&self, column: usize, row: usize, lumas: &[Vec<f32>; 2], mixture: &mut MixedPixels, out: &mut [u8]) {
        let PlanarFormat { across, down, width, height, .. } = *self.format;
        let index = row * self.comparison.distance.columns + column;
        let (color, screen) = (self.matte.color[index], self.comparison.plate_at(index));
        let at = |dx: usize, dy: usize| lumas[dy][(column * across + dx.min(across - 1)).min(width - 1)];
        let lumas = [at(0, 0), at(1, 0), at(0, 1), at(1, 1)];
        let block = BlockLuma {
            lumas,
            foreground: color[0],
            variance: self.matte.variance[index],
            screen: screen[0],
            noise: self.noise[0],
            sharpness: self.sharpness,
        };
        let alphas = upsample_alpha(&block, &self.neighbours(column, row), (across, down), self.siting, mixture);
        let spill = self.spill_model.spill(color, screen) * self.spill_strength;
        // A block has one chroma, so its pixels differ only in luma.
        let [red, green, blue] =
            self.space.to_rgb([-spill * screen[0], color[1] - spill * screen[1], color[2] - spill * screen[2]]);
        for (index, (alpha, luma)) in alphas.into_iter().zip(lumas).enumerate() {
            let (dx, dy) = (index % 2, index / 2);
            let (x, y) = (column * across + dx, row * down + dy);
            if dx >= across || dy >= down || x >= width || y >= height {
                continue;
            }
            let alpha = snap(alpha);
            let own = (luma - (1.0 - alpha) * screen[0]) / alpha.max(ALPHA_MIN);
            let share = alpha * alpha / (alpha * alpha + OWN_LUMA_HALF);
            let luma = color[0] + (own - color[0]) * share;
            let at = (dy * width + x) * 4;
            out[at..at + 4].copy_from_slice(&pixel([luma + red, luma + green, luma + blue], self.levels.apply(alpha)));
        }
    }

    fn neighbours(&self, column: usize, row: usize) -> [[f32; 3]; 3] {
        let alpha = &self.matte.alpha;
        let (left, right) = (column.saturating_sub(1), (column + 1).min(alpha.columns - 1));
        let [above, own, below] = alpha.three_rows(row);
        let near = |row: &[f32]| [row[left], row[column], row[right]];
        [near(above), near(own), near(below)]
    }

    /// A colour with its spill removed.
    fn despill(&self, color: Ypq, screen: Ypq) -> Ypq {
        let spill = self.spill_model.spill(color, screen) * self.spill_strength;
        [0, 1, 2].map(|channel: usize| color[channel] - spill * screen[channel])
    }
}

fn snap(alpha: f32) -> f32 {
    match alpha {
        alpha if alpha < ALPHA_MIN => 0.0,
        alpha if alpha > ALPHA_OPAQUE_MIN => 1.0,
        alpha => alpha,
    }
}

fn pixel([red, green, blue]: [f32; 3], alpha: f32) -> [u8; 4] {
    (code(red) | code(green) << 8 | code(blue) << 16 | code(alpha * 255.0) << 24).to_le_bytes()
}
