//! Composites a result over the screen again and compares it with the source. A difference becomes
//! an error of alpha by dividing it by the colour distance between subject and screen.

#![expect(clippy::cast_precision_loss, reason = "cells of a picture are few")]

use rayon::prelude::*;

use super::blocks::{Blocks, CHUNK_ROWS, PIXELS, Ycc, matrix, squared_distance, times};
use super::screen_map::{CELL, ScreenMap};
use crate::frame::samples::pixel;
use crate::matte::keying_step::KeyedSource;
use keyer::planar::PlanarFormat;

/// Differences up to so many variances of the screen's noise are ignored.
const NOISE_MARGIN: f32 = 4.0;
/// A block within so many variances of the screen's colour is screen.
const SCREEN_MARGIN: f32 = 9.0;
/// From this alpha on a pixel shows the subject's colour.
const SUBJECT_ALPHA_MIN: f32 = 0.5;
/// Least distance that is assumed between subject and screen.
/// Units: of 255, squared.
const DISTANCE_MIN: f32 = 20.0 * 20.0;
/// Weight of the whole picture beside a cell's surroundings, in the estimate of the distance.
/// Units: pixels of the whole picture for one nearby.
const WHOLE_WEIGHT: f32 = 1e-4;

/// Compares the frames of one clip, in order.
#[derive(Debug)]
pub struct Reconstruction {
    format: PlanarFormat,
    rows: [Ycc; 3],
    blocks: Blocks,
    /// Number of the first frame of the current shot; none before the first frame.
    shot: Option<usize>,
    screen: ScreenMap,
    /// Colour and classification of each sampled block of the source.
    shown: Vec<SourceBlock>,
    /// Sums of squared errors of alpha, and of alpha.
    squares: f64,
    alpha: f64,
}

/// Colour and classification of one block of the source.
#[derive(Debug, Default, Clone, Copy)]
struct SourceBlock {
    color: Ycc,
    is_screen: bool,
    /// Whether it equals that of the previous frame, and whether that equalled the one before.
    is_still: [bool; 2],
}

/// Sums over one cell of one frame.
#[derive(Debug, Default, Clone, Copy)]
struct CellSums {
    /// Squared differences of colour beyond the noise, of pixels that are not screen.
    difference: f32,
    /// Squared alpha where the source shows nothing but screen.
    excess: f32,
    alpha: f32,
    /// Squared distances between subject and screen, and the number of pixels in the sum.
    distance: f32,
    subject: f32,
}

impl Reconstruction {
    /// For sources of this format.
    pub fn new(format: PlanarFormat) -> Self {
        let rows = matrix(format.matrix);
        let blocks = Blocks::new(format);
        let screen = ScreenMap::new(blocks.columns, blocks.rows, [0.0; 3]);
        let shown = vec![SourceBlock::default(); blocks.columns * blocks.rows];
        Self { format, rows, blocks, shot: None, screen, shown, squares: 0.0, alpha: 0.0 }
    }

    /// Compares the next frame of the source with the result, straight RGBA of the same size.
    /// Frames of shots without a screen are skipped.
    pub fn add(&mut self, KeyedSource { planar: source, shot, screen }: &KeyedSource, rgba: &[u8]) {
        let Some(color) = screen else { return };
        if self.shot != Some(*shot) {
            self.shot = Some(*shot);
            self.screen = ScreenMap::new(self.blocks.columns, self.blocks.rows, times(&self.rows, *color));
        }
        if source.len() != self.format.frame_size_bytes() || rgba.len() != self.format.width * self.format.height * 4 {
            return;
        }
        self.blocks.read(source);
        self.screen.learn(&self.blocks);
        self.update_source();
        let columns = self.screen.columns;
        let mut cells = vec![CellSums::default(); columns * self.blocks.rows.div_ceil(CELL)];
        cells.par_chunks_mut(columns).enumerate().for_each(|(row, cells)| {
            let mut screen = vec![[0.0; 3]; self.blocks.columns];
            for row in row * CELL..((row + 1) * CELL).min(self.blocks.rows) {
                self.screen.write_row(row, &mut screen);
                for (column, screen) in screen.iter().enumerate() {
                    self.compare(column, row, *screen, rgba, &mut cells[column / CELL]);
                }
            }
        });
        let whole = cells.iter().fold((0.0, 0.0), |sum, cell| (sum.0 + cell.distance, sum.1 + cell.subject));
        for (index, cell) in cells.iter().enumerate() {
            let distance = local_distance(&cells, columns, index, whole).max(DISTANCE_MIN);
            self.squares += f64::from(cell.difference / distance + cell.excess);
            self.alpha += f64::from(cell.alpha);
        }
    }

    /// The error of alpha, root mean square over the subject and its missing parts; none before the
    /// first frame.
    pub fn error(&self) -> Option<f64> {
        self.screen.unevenness()?;
        let whole = self.squares + self.alpha;
        Some(if whole > 0.0 { (self.squares / whole).sqrt() } else { 0.0 })
    }

    /// See [`ScreenMap::unevenness`].
    pub fn unevenness(&self) -> Option<f64> {
        self.screen.unevenness()
    }

    /// Whether the source shows nothing but screen at a pixel of the last frame.
    pub fn is_screen(&self, x: usize, y: usize) -> bool {
        self.shown_at(x, y).is_screen
    }

    /// Whether the source did not change at a pixel in the last three frames.
    pub fn is_still(&self, x: usize, y: usize) -> bool {
        self.shown_at(x, y).is_still == [true; 2]
    }

    fn shown_at(&self, x: usize, y: usize) -> SourceBlock {
        let (column, row) = self.blocks.block_of(x, y);
        self.shown[row * self.blocks.columns + column]
    }

    /// Updates what the source shows, and whether it moves.
    fn update_source(&mut self) {
        let (blocks, map, noise) = (&self.blocks, &self.screen, self.screen.noise());
        self.shown.par_chunks_mut(blocks.columns).enumerate().with_min_len(CHUNK_ROWS).for_each(|(row, shown)| {
            let mut screen = vec![[0.0; 3]; blocks.columns];
            map.write_row(row, &mut screen);
            for ((shown, screen), seen) in shown.iter_mut().zip(screen).zip(blocks.means(row, 0..blocks.columns)) {
                let is_like = |color| squared_distance(seen, color) < SCREEN_MARGIN * noise;
                shown.is_still = [is_like(shown.color), shown.is_still[0]];
                shown.is_screen = is_like(screen);
                shown.color = seen;
            }
        });
    }

    fn compare(&self, column: usize, row: usize, screen: Ycc, rgba: &[u8], cell: &mut CellSums) {
        let (lumas, [cb, cr]) = self.blocks.at(column, row);
        let (mut alphas, mut colors, mut mean) = ([0.0; PIXELS], [[0.0; 3]; PIXELS], [0.0; 3]);
        let shown = &self.shown[row * self.blocks.columns + column];
        let noise = self.screen.noise();
        let pixels: [[u8; 4]; PIXELS] = std::array::from_fn(|index| {
            let (x, y) = self.blocks.position(column, row, index);
            pixel(rgba, self.format.width, x, y).unwrap_or_default()
        });
        // The common case: screen in the source, transparent in the result.
        if shown.is_screen && pixels.iter().all(|[.., alpha]| *alpha == 0) {
            return;
        }
        for ((alpha, color), pixel) in alphas.iter_mut().zip(&mut colors).zip(pixels) {
            let [red, green, blue, value] = pixel.map(f32::from);
            *alpha = value * (1.0 / 255.0);
            *color = times(&self.rows, [red, green, blue]);
            let over = [0, 1, 2].map(|channel| screen[channel] + *alpha * (color[channel] - screen[channel]));
            mean.iter_mut().zip(over).for_each(|(mean, over)| *mean += over / PIXELS as f32);
            if *alpha >= SUBJECT_ALPHA_MIN {
                cell.distance += squared_distance(*color, screen);
                cell.subject += 1.0;
            }
            cell.alpha += *alpha;
        }
        if shown.is_screen {
            cell.excess += alphas.iter().map(|alpha| alpha * alpha).sum::<f32>();
            return;
        }
        // Chroma is known per block only.
        let tint = (cb - mean[1]) * (cb - mean[1]) + (cr - mean[2]) * (cr - mean[2]);
        for ((luma, alpha), color) in lumas.iter().zip(alphas).zip(colors) {
            let light = luma - screen[0] - alpha * (color[0] - screen[0]);
            cell.difference += (light * light + tint - NOISE_MARGIN * noise).max(0.0);
        }
    }
}

/// Distance between subject and screen around a cell; where no subject is near, of the whole
/// picture.
/// Units: of 255, squared.
fn local_distance(cells: &[CellSums], columns: usize, index: usize, (whole_distance, whole_subject): (f32, f32)) -> f32 {
    const REACH: usize = 2;
    let (column, row, rows) = (index % columns, index / columns, cells.len() / columns);
    let across = column.saturating_sub(REACH)..(column + REACH + 1).min(columns);
    let (mut distance, mut subject) = (whole_distance * WHOLE_WEIGHT, whole_subject * WHOLE_WEIGHT);
    for row in row.saturating_sub(REACH)..(row + REACH + 1).min(rows) {
        for cell in &cells[row * columns + across.start..row * columns + across.end] {
            distance += cell.distance;
            subject += cell.subject;
        }
    }
    // A result without a subject: the distance of a primary from grey.
    if subject > 0.0 { distance / subject } else { 128.0 * 128.0 }
}
