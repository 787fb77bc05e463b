//! Composites a result over the screen again and compares it with the source. A difference becomes
//! an error of alpha by dividing it by the colour distance between subject and screen.

#![expect(clippy::cast_precision_loss, reason = "cells of a picture are few")]

use rayon::prelude::*;

use super::blocks::{Blocks, PIXELS, Ycc, matrix, squared_distance, times};
use super::border_screen;
use super::composite::{Composite, NOISE_MARGIN};
use super::screen_map::{CELL, ScreenMap};
use super::source_blocks::{LEFT_RANGE, SourceBlock, SourceBlocks, likeness};
use crate::frame::samples::pixel;
use crate::matte::keying_step::KeyedSource;
use keyer::color::{dot, scaled};
use keyer::planar::PlanarFormat;

/// Weight of the squared alpha of screen that was left, where it is faint; opaque screen has 1. A
/// faint screen lies over everything, and disturbs more than its alpha.
const FAINT_WEIGHT: f32 = 2.0;
/// From this alpha on a pixel shows the subject's colour.
const SUBJECT_ALPHA_MIN: f32 = 0.5;
/// Least distance that is assumed between subject and screen.
/// Units: of 255, squared.
const DISTANCE_MIN: f32 = 20.0 * 20.0;
/// Least distance that is assumed where no subject is near, beside the mean of the clip.
const DISTANCE_SHARE_MIN: f32 = 0.25;
/// Weight of what is missing beside what is there, in the estimate of the distance.
const MISSING_WEIGHT: f32 = 0.05;
/// Frames darker or brighter than this, relative to the last one that showed the screen, are faded
/// out: nothing can be told from them.
const FADED_MIN: f32 = 0.4;
const FADED_MAX: f32 = 1.6;
/// Share of cells that show the screen in a frame that can be judged in any light.
const VISIBLE_SHARE_MIN: f32 = 0.02;
/// Least area that is assumed for the subject.
/// Units: of the picture.
const SUBJECT_SHARE_MIN: f64 = 0.01;

/// Compares the frames of one clip, in order.
#[derive(Debug)]
pub struct Reconstruction {
    format: PlanarFormat,
    rows: [Ycc; 3],
    blocks: Blocks,
    /// Number of the first frame of the current shot; none before the first frame.
    shot: Option<usize>,
    /// Whether a screen is known in the current shot.
    has_screen: bool,
    screen: ScreenMap,
    /// Colour and classification of each sampled block of the source.
    shown: SourceBlocks,
    /// Mean luma of the last frame that showed the screen.
    luma: Option<f32>,
    /// That of the shots before.
    unevenness: Option<f64>,
    sums: Sums,
}

/// Sums over all frames that could be judged.
#[derive(Debug, Default, Clone, Copy)]
struct Sums {
    /// Squared errors of alpha.
    squares: f64,
    /// Area of the subject.
    subject: f64,
    /// Area of the subject that is clear in the result.
    missing: f64,
    /// Area of the screen that is visible in the result, and of all that is visible.
    screen_left: f64,
    visible: f64,
    pixels: f64,
    /// Squared distances between subject and screen, and the number of pixels in the sum.
    distance: f64,
    subject_pixels: f64,
}

/// Sums over one cell of one frame.
#[derive(Debug, Default, Clone, Copy)]
struct CellSums {
    /// Squared differences of colour beyond the noise, and the number of pixels, where the source
    /// shows more than the screen.
    difference: f32,
    other: f32,
    /// The part of both in transparent pixels.
    missing: f32,
    /// Squared alpha where the source shows nothing but screen, and alpha.
    excess: f32,
    screen_left: f32,
    /// Alpha elsewhere.
    alpha: f32,
    /// Squared distances between subject and screen, and the number of pixels in the sum.
    distance: f32,
    subject: f32,
    /// The same between source and screen, where something seems to be missing.
    missing_distance: f32,
    missing_pixels: f32,
}

impl Reconstruction {
    /// For sources of this format.
    pub fn new(format: PlanarFormat) -> Self {
        let rows = matrix(format.matrix);
        let blocks = Blocks::new(format);
        let screen = ScreenMap::new(blocks.columns, blocks.rows, [0.0; 3]);
        let shown = SourceBlocks::new(blocks.columns * blocks.rows);
        Self {
            format,
            rows,
            blocks,
            shot: None,
            has_screen: false,
            screen,
            shown,
            luma: None,
            unevenness: None,
            sums: Sums::default(),
        }
    }

    /// Compares the next frame of the source with the result, straight RGBA of the same size.
    /// Frames of shots without a screen are skipped.
    pub fn add(&mut self, KeyedSource { planar: source, shot, screen }: &KeyedSource, rgba: &[u8]) {
        if source.len() != self.format.frame_size_bytes() || rgba.len() != self.format.width * self.format.height * 4 {
            return;
        }
        self.blocks.read(source);
        if self.shot != Some(*shot) {
            self.shot = Some(*shot);
            // The keyer may have overlooked a screen.
            self.change_screen(screen.map(|color| times(&self.rows, color)).or_else(|| border_screen::detect(&self.blocks)));
        }
        if !self.has_screen {
            return;
        }
        self.screen.learn(&self.blocks);
        if self.screen.visible_share < VISIBLE_SHARE_MIN
            && self.shown.is_cut(&self.blocks)
            && let Some(color) = border_screen::detect(&self.blocks)
        {
            self.change_screen(Some(color));
            self.screen.learn(&self.blocks);
        }
        self.shown.update(&self.blocks, &self.screen);
        let (blocks, columns) = (&self.blocks, self.blocks.columns);
        self.shown.update_set(columns, |index| {
            let (x, y) = blocks.position(index % columns, index / columns, 0);
            pixel::<4>(rgba, self.format.width, x, y).map_or(0, |[.., alpha]| alpha)
        });
        if !self.can_be_judged() {
            return;
        }
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
        for cell in &cells {
            self.sums.distance += f64::from(cell.distance);
            self.sums.subject_pixels += f64::from(cell.subject);
        }
        #[expect(clippy::cast_possible_truncation, reason = "a squared distance of colours")]
        let least = DISTANCE_SHARE_MIN * (self.sums.distance / self.sums.subject_pixels.max(1.0)) as f32;
        for (index, cell) in cells.iter().enumerate() {
            let margin = NOISE_MARGIN * self.screen.noise();
            let distance = (local_distance(&cells, columns, index).max(least) - margin).max(DISTANCE_MIN);
            let (difference, missing) = ((cell.difference / distance).min(cell.other), (cell.missing / distance).min(cell.other));
            self.sums.squares += f64::from(difference + cell.excess);
            self.sums.missing += f64::from(missing);
            self.sums.subject += f64::from(cell.alpha + missing);
            self.sums.screen_left += f64::from(cell.screen_left);
            self.sums.visible += f64::from(cell.alpha + cell.screen_left);
        }
        self.sums.pixels += (self.shown.list.len() * PIXELS) as f64;
    }

    /// The error of alpha, root mean square over the subject and its missing parts; none if no
    /// frame could be judged.
    pub fn error(&self) -> Option<f64> {
        let subject = self.sums.subject.max(SUBJECT_SHARE_MIN * self.sums.pixels);
        (subject > 0.0).then(|| (self.sums.squares / subject).sqrt().min(1.0))
    }

    /// Share of the subject that is transparent in the result; none if no frame could be judged.
    pub fn missing_share(&self) -> Option<f64> {
        (self.sums.pixels > 0.0).then(|| share(self.sums.missing, self.sums.subject))
    }

    /// Share of the visible area that shows nothing but screen; none if no frame could be judged.
    pub fn screen_left_share(&self) -> Option<f64> {
        (self.sums.pixels > 0.0).then(|| share(self.sums.screen_left, self.sums.visible))
    }

    /// That of the most uneven screen; see [`ScreenMap::unevenness`].
    pub fn unevenness(&self) -> Option<f64> {
        self.screen.unevenness().into_iter().chain(self.unevenness).reduce(f64::max)
    }

    /// Whether the source shows nothing but screen at a pixel of the last frame.
    pub fn is_screen(&self, x: usize, y: usize) -> bool {
        self.block_at(x, y).screen >= 0.5
    }

    /// Whether the source did not change at a pixel in the last three frames.
    pub fn is_still(&self, x: usize, y: usize) -> bool {
        self.block_at(x, y).is_still()
    }

    fn block_at(&self, x: usize, y: usize) -> &SourceBlock {
        let (column, row) = self.blocks.block_of(x, y);
        &self.shown.list[row * self.blocks.columns + column]
    }

    /// Starts with another screen, or without one.
    fn change_screen(&mut self, color: Option<Ycc>) {
        self.has_screen = color.is_some();
        self.unevenness = self.unevenness();
        self.screen = ScreenMap::new(self.blocks.columns, self.blocks.rows, color.unwrap_or_default());
        self.shown.begin_shot();
    }

    /// False for frames that are faded out, in which neither subject nor screen can be told.
    fn can_be_judged(&mut self) -> bool {
        let luma = self.shown.luma();
        if self.screen.visible_share >= VISIBLE_SHARE_MIN {
            self.luma = Some(luma);
            return true;
        }
        self.luma.is_some_and(|usual| (FADED_MIN * usual..FADED_MAX * usual).contains(&luma))
    }

    fn compare(&self, column: usize, row: usize, screen: Ycc, rgba: &[u8], cell: &mut CellSums) {
        let (lumas, _) = self.blocks.at(column, row);
        let shown = &self.shown.list[row * self.blocks.columns + column];
        let pixels: [[u8; 4]; PIXELS] = std::array::from_fn(|index| {
            let (x, y) = self.blocks.position(column, row, index);
            pixel(rgba, self.format.width, x, y).unwrap_or_default()
        });
        if shown.is_set {
            return;
        }
        // The common case: screen in the source, transparent in the result.
        if shown.screen >= 1.0 && pixels.iter().all(|[.., alpha]| *alpha == 0) {
            return;
        }
        let noise = self.screen.noise();
        let (mut alphas, mut colors, mut left) = ([0.0; PIXELS], [[0.0; 3]; PIXELS], [0.0; PIXELS]);
        for (index, pixel) in pixels.into_iter().enumerate() {
            let [red, green, blue, value] = pixel.map(f32::from);
            let (alpha, color) = (value * (1.0 / 255.0), times(&self.rows, [red, green, blue]));
            (alphas[index], colors[index]) = (alpha, color);
            if shown.left > 0.0 && alpha > 0.0 {
                left[index] = shown.left * likeness(color, screen, self.screen.block_noise(), LEFT_RANGE);
            }
            if alpha >= SUBJECT_ALPHA_MIN && left[index] < 0.5 {
                cell.distance += squared_distance(color, screen);
                cell.subject += 1.0;
            }
            if alpha < SUBJECT_ALPHA_MIN && shown.screen < 0.5 {
                cell.missing_distance += squared_distance(shown.color, screen);
                cell.missing_pixels += 1.0;
            }
            cell.alpha += (1.0 - left[index]) * alpha;
            cell.excess += left[index] * alpha * alpha * (FAINT_WEIGHT + (1.0 - FAINT_WEIGHT) * alpha);
            cell.screen_left += left[index] * alpha;
        }
        let composite = Composite { alphas, colors, shown, lumas, noise };
        let mut differences = composite.differences(screen);
        if shown.screen > 0.0 {
            // The screen may be in another light here.
            let shade = dot(shown.color, screen) / dot(screen, screen).max(1.0);
            let shaded = composite.differences(scaled(screen, shade));
            if shaded.iter().sum::<f32>() < differences.iter().sum::<f32>() {
                differences.iter_mut().zip(shaded).for_each(|(in_full, shaded)| *in_full += (shaded - *in_full) * shown.screen);
            }
        }
        for ((difference, alpha), left) in differences.into_iter().zip(alphas).zip(left) {
            let difference = (1.0 - left) * difference;
            cell.difference += difference;
            cell.missing += if alpha < SUBJECT_ALPHA_MIN { difference } else { 0.0 };
            cell.other += 1.0 - left;
        }
    }
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { (part / whole).min(1.0) } else { 0.0 }
}

/// Distance between subject and screen around a cell; where no subject is near, between the source
/// and the screen.
/// Units: of 255, squared.
fn local_distance(cells: &[CellSums], columns: usize, index: usize) -> f32 {
    const REACH: usize = 2;
    let (column, row, rows) = (index % columns, index / columns, cells.len() / columns);
    let across = column.saturating_sub(REACH)..(column + REACH + 1).min(columns);
    let (mut distance, mut subject) = (0.0, 0.0);
    for row in row.saturating_sub(REACH)..(row + REACH + 1).min(rows) {
        for cell in &cells[row * columns + across.start..row * columns + across.end] {
            distance += cell.distance + MISSING_WEIGHT * cell.missing_distance;
            subject += cell.subject + MISSING_WEIGHT * cell.missing_pixels;
        }
    }
    if subject > 0.0 { distance / subject } else { DISTANCE_MIN }
}
