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

mod uncertain;

use uncertain::UncertainBatch;

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
    /// A row of pixels with alpha 0.
    transparent: Vec<u8>,
    /// Colours of a row of cells, and the plate there: luma, chroma along and across the hue.
    cell_colors: [Vec<f32>; 3],
    cell_plate: [Vec<f32>; 3],
    batch: UncertainBatch,
    /// Runs of blocks with one label.
    runs: Vec<(u8, Range<usize>)>,
}

impl RenderBuffers {
    pub fn new(format: &PlanarFormat) -> Self {
        let (blocks, pixels) = (vec![0.0; format.columns()], vec![0.0; format.width]);
        let cells = [(); 3].map(|()| vec![0.0; format.columns().div_ceil(CELL)]);
        Self {
            lumas: [pixels.clone(), pixels],
            chroma: [blocks.clone(), blocks.clone()],
            pixel_chroma: [(); 2].map(|()| vec![0.0; blocks.len() * format.across]),
            marked: vec![0; blocks.len()],
            spill: blocks,
            transparent: vec![0; format.width * 4],
            cell_plate: cells.clone(),
            cell_colors: cells,
            batch: UncertainBatch::default(),
            runs: Vec::new(),
        }
    }
}

impl Renderer<'_> {
    pub fn render(&self, buffers: &mut RenderBuffers, mixture: &mut MixedPixels, out: &mut [u8]) {
        let row_size_bytes = self.format.width * 4 * self.format.down;
        for (cell_row, out) in out.chunks_mut(row_size_bytes * CELL).enumerate() {
            self.fill_transparent(cell_row, buffers);
            for (row, out) in out.chunks_mut(row_size_bytes).enumerate() {
                self.render_row(cell_row * CELL + row, buffers, out);
            }
            self.render_uncertain(cell_row * CELL, &mut buffers.batch, mixture, out);
        }
    }

    /// Writes the pixels with alpha 0 of a row of cells: the colour of the core nearby, despilled.
    fn fill_transparent(&self, cell_row: usize, buffers: &mut RenderBuffers) {
        let RenderBuffers { transparent, cell_colors, cell_plate, marked, spill, .. } = buffers;
        let cells = &self.core_colors.cells;
        let plate_row = (cell_row * CELL).min(self.comparison.distance.rows - 1);
        for channel in 0..3 {
            let colors = &cells.cells[cell_row * cells.columns..(cell_row + 1) * cells.columns];
            for (value, cell) in cell_colors[channel].iter_mut().zip(colors) {
                *value = cell[channel];
            }
            let plate = self.comparison.plate[channel].row(plate_row);
            for (value, plate) in cell_plate[channel].iter_mut().zip(plate.iter().step_by(CELL)) {
                *value = *plate;
            }
        }
        let (marked, spill) = (&mut marked[..cells.columns], &mut spill[..cells.columns]);
        marked.fill(1);
        let [colors, plate] = [&*cell_colors, &*cell_plate].map(|lines| lines.each_ref().map(Vec::as_slice));
        self.spill_model.write_row(colors, plate, marked, spill);
        let factors = self.space.factors();
        let cell_bytes = CELL * self.format.across * 4;
        for (column, (pixels, spill)) in transparent.chunks_mut(cell_bytes).zip(spill).enumerate() {
            let spill = *spill * self.spill_strength;
            let [y, p, q] = [0, 1, 2].map(|channel: usize| colors[channel][column] - spill * plate[channel][column]);
            pixels.as_chunks_mut::<4>().0.fill(pixel(factors.map(|[by_p, by_q]| y + by_p * p + by_q * q), 0.0));
        }
    }

    fn render_row(&self, row: usize, buffers: &mut RenderBuffers, out: &mut [u8]) {
        let columns = self.comparison.distance.columns;
        let labels = &self.labels[row * columns..(row + 1) * columns];
        let PlanarFormat { width, across, .. } = *self.format;
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
                    SCREEN => {
                        let bytes = run.start * across * 4..(run.end * across).min(width) * 4;
                        out[bytes.clone()].copy_from_slice(&buffers.transparent[bytes]);
                    }
                    CORE => self.render_core(row, line, run.clone(), buffers, out),
                    _ => {}
                }
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
        let RenderBuffers { lumas, chroma, spill, pixel_chroma, .. } = buffers;
        self.interpolate_chroma(row, line, &blocks, chroma);
        for (chroma, pixels) in chroma.iter().zip(pixel_chroma.iter_mut()) {
            let pixels = &mut pixels[blocks.start * across..blocks.end * across];
            interpolate_along(chroma, &blocks, self.siting.offsets(across), across, pixels);
        }
        if spill[blocks.clone()].iter().any(|spill| *spill > 0.0) {
            let plate = self.comparison.plate.each_ref().map(|plane| &plane.row(row)[blocks.clone()]);
            let [p, q] = pixel_chroma.each_mut();
            for (pixels, plate) in [&mut lumas[line], p, q].into_iter().zip(plate) {
                let pixels = &mut pixels[blocks.start * across..(blocks.end * across).min(width)];
                for (pixels, (spill, plate)) in pixels.chunks_mut(across).zip(spill[blocks.clone()].iter().zip(plate)) {
                    for pixel in pixels {
                        *pixel -= spill * plate;
                    }
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
}

/// Interpolates chroma of a row of blocks to pixels; `offsets` are those of the block's pixels.
fn interpolate_along(chroma: &[f32], blocks: &Range<usize>, offsets: [f32; 2], across: usize, out: &mut [f32]) {
    let last = chroma.len() - 1;
    let between = |column: usize, offset: f32| {
        let beside = if offset < 0.0 { column.saturating_sub(1) } else { (column + 1).min(last) };
        chroma[column] + (chroma[beside] - chroma[column]) * offset.abs()
    };
    if across == 1 {
        out.copy_from_slice(&chroma[blocks.clone()]);
        return;
    }
    let inner = blocks.start.max(1)..blocks.end.min(last);
    let pairs = out.as_chunks_mut::<2>().0;
    for column in [blocks.start, blocks.end - 1] {
        pairs[column - blocks.start] = offsets.map(|offset| between(column, offset));
    }
    if inner.is_empty() {
        return;
    }
    let [before, own, after] = [inner.start - 1, inner.start, inner.start + 1].map(|start| &chroma[start..start + inner.len()]);
    let first = if offsets[0] < 0.0 { before } else { own };
    let [first_share, second_share] = offsets.map(f32::abs);
    let pairs = &mut pairs[inner.start - blocks.start..];
    for ((pair, own), (first, after)) in pairs.iter_mut().zip(own).zip(first.iter().zip(after)) {
        *pair = [own + (first - own) * first_share, own + (after - own) * second_share];
    }
}

/// RGBA of one pixel, each rounded to a byte.
#[inline]
fn pixel([red, green, blue]: [f32; 3], alpha: f32) -> [u8; 4] {
    (code(red) | code(green) << 8 | code(blue) << 16 | code(alpha * 255.0) << 24).to_le_bytes()
}
