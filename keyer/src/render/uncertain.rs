//! Renders uncertain blocks, many side by side.

use super::{Renderer, pixel};
use crate::color::{Color, greater};
use crate::core_colors::CELL;
use crate::edge_sharpness::MixedPixels;
use crate::planar::PlanarFormat;
use crate::plane::columns_of;
use crate::trimap::UNCERTAIN;
use crate::upsample::{BlockLuma, PixelLayout, upsample_alpha};

/// Alpha of a pixel below the first is set to 0, above the second to 1.
const ALPHA_MIN: f32 = 5.0 / 255.0;
const ALPHA_OPAQUE_MIN: f32 = 251.0 / 255.0;
/// Square of the alpha at which a pixel's own luma has half the weight. Tuned: generator seeds
/// 1 and 7, all kinds.
const OWN_LUMA_HALF: f32 = 0.1;

/// Blocks that are rendered side by side.
const SIZE: usize = 32;

/// A value of each block.
type Line = [f32; SIZE];

/// Uncertain blocks to render, and their pixels.
#[derive(Debug, Clone, Default)]
pub struct UncertainBatch {
    /// Column and row of each block.
    places: Vec<(usize, usize)>,
    /// Luma of the pixels, left to right, top to bottom.
    lumas: [Line; 4],
    /// Alphas of the block and of its neighbours, row by row.
    alphas: [[Line; 3]; 3],
    /// Colour of the foreground.
    color: [Line; 3],
    /// Variance of the foreground's luma nearby.
    variance: Line,
    screen: [Line; 3],
    spill: Line,
    pixels: [[u32; SIZE]; 4],
    /// Fields of the [`MixedPixels`].
    by_edge: Line,
    by_luma: Line,
}

impl Renderer<'_> {
    /// Renders the uncertain blocks of a row of cells, of which `first_row` is the first row of
    /// blocks; adds them to `mixture`.
    pub(super) fn render_uncertain(
        &self,
        first_row: usize,
        batch: &mut UncertainBatch,
        mixture: &mut MixedPixels,
        out: &mut [u8],
    ) {
        let alpha = &self.matte.alpha;
        batch.places.clear();
        for row in first_row..(first_row + CELL).min(alpha.rows) {
            let labels = &self.labels[row * alpha.columns..(row + 1) * alpha.columns];
            for column in columns_of(labels, UNCERTAIN) {
                self.add_to_batch(column, row, batch);
                if batch.places.len() == SIZE {
                    self.render_batch(first_row, batch, mixture, out);
                }
            }
        }
        self.render_batch(first_row, batch, mixture, out);
    }

    fn add_to_batch(&self, column: usize, row: usize, batch: &mut UncertainBatch) {
        let PlanarFormat { across, down, width, height, .. } = *self.format;
        let place = batch.places.len();
        batch.places.push((column, row));
        let (gain, offset) = self.format.luma_scale();
        for (pixel, lumas) in batch.lumas.iter_mut().enumerate() {
            let x = (column * across + (pixel % 2).min(across - 1)).min(width - 1);
            let y = (row * down + (pixel / 2).min(down - 1)).min(height - 1);
            lumas[place] = self.format.code(self.luma, y * width + x) * gain + offset;
        }
        let alpha = &self.matte.alpha;
        let (left, right) = (column.saturating_sub(1), (column + 1).min(alpha.columns - 1));
        for (alphas, row) in batch.alphas.iter_mut().zip(alpha.three_rows(row)) {
            (alphas[0][place], alphas[1][place], alphas[2][place]) = (row[left], row[column], row[right]);
        }
        let index = row * alpha.columns + column;
        let (color, screen) = (self.matte.color[index], self.comparison.plate_at(index));
        for channel in 0..3 {
            (batch.color[channel][place], batch.screen[channel][place]) = (color[channel], screen[channel]);
        }
        batch.variance[place] = self.matte.variance[index];
        batch.spill[place] = self.spill_model.spill(color, screen) * self.spill_strength;
    }

    /// Renders the blocks of a batch and empties it.
    fn render_batch(&self, first_row: usize, batch: &mut UncertainBatch, mixture: &mut MixedPixels, out: &mut [u8]) {
        self.compute_batch(batch);
        let PlanarFormat { across, down, width, .. } = *self.format;
        let rows = out.len() / (width * 4);
        for (place, (column, row)) in batch.places.iter().enumerate() {
            mixture.add(MixedPixels { by_edge: batch.by_edge[place], by_luma: batch.by_luma[place] });
            for (pixel, pixels) in batch.pixels.iter().enumerate() {
                let (dx, dy) = (pixel % 2, pixel / 2);
                let (x, y) = (column * across + dx, (row - first_row) * down + dy);
                if dx < across && dy < down && x < width && y < rows {
                    let at = (y * width + x) * 4;
                    out[at..at + 4].copy_from_slice(&pixels[place].to_le_bytes());
                }
            }
        }
        batch.places.clear();
    }

    /// Computes the pixels of a batch; places that are not filled have no meaning.
    fn compute_batch(&self, batch: &mut UncertainBatch) {
        let PlanarFormat { across, down, .. } = *self.format;
        let layout = PixelLayout::new(across, down, self.siting);
        let (factors, levels) = (self.space.factors(), self.levels);
        let (noise, sharpness) = (self.noise[0], self.sharpness);
        let UncertainBatch { lumas, alphas, color, variance, screen, spill, pixels, by_edge, by_luma, .. } = batch;
        for place in 0..SIZE {
            let at = |lines: &[Line; 3]| -> Color { [lines[0][place], lines[1][place], lines[2][place]] };
            let (color, screen, spill) = (at(color), at(screen), spill[place]);
            let lumas = [lumas[0][place], lumas[1][place], lumas[2][place], lumas[3][place]];
            let block = BlockLuma { lumas, foreground: color[0], variance: variance[place], screen: screen[0], noise, sharpness };
            let neighbours = [at(&alphas[0]), at(&alphas[1]), at(&alphas[2])];
            let (alphas, measured) = upsample_alpha(&block, &neighbours, layout);
            (by_edge[place], by_luma[place]) = (measured.by_edge, measured.by_luma);
            // A block has one chroma, so its pixels differ only in luma.
            let (p, q) = (color[1] - spill * screen[1], color[2] - spill * screen[2]);
            let channel = |[by_p, by_q]: [f32; 2]| by_p * p + by_q * q - spill * screen[0];
            let (red, green, blue) = (channel(factors[0]), channel(factors[1]), channel(factors[2]));
            let render = |alpha: f32, luma: f32| {
                let alpha = snap(alpha);
                let own = (luma - (1.0 - alpha) * screen[0]) / greater(alpha, ALPHA_MIN);
                let share = alpha * alpha / (alpha * alpha + OWN_LUMA_HALF);
                let luma = color[0] + (own - color[0]) * share;
                u32::from_le_bytes(pixel([luma + red, luma + green, luma + blue], levels.apply(alpha)))
            };
            pixels[0][place] = render(alphas[0], lumas[0]);
            pixels[1][place] = render(alphas[1], lumas[1]);
            pixels[2][place] = render(alphas[2], lumas[2]);
            pixels[3][place] = render(alphas[3], lumas[3]);
        }
    }
}

/// Sets alpha to 0 or 1 where it is nearly that.
#[inline]
fn snap(alpha: f32) -> f32 {
    let alpha = if alpha < ALPHA_MIN { 0.0 } else { alpha };
    if alpha > ALPHA_OPAQUE_MIN { 1.0 } else { alpha }
}
