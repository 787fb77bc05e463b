//! Composites a result over the screen again and compares it with the source. A difference becomes
//! an error of alpha by dividing it by the colour distance between subject and screen.

#![expect(clippy::cast_precision_loss, reason = "cells of a picture are few")]

use rayon::prelude::*;

use super::blocks::{Blocks, CHUNK_ROWS, PIXELS, Ycc, matrix, squared_distance, times};
use super::screen_map::{CELL, ScreenMap};
use super::{beside_screen, border_screen};
use crate::frame::samples::pixel;
use crate::matte::keying_step::KeyedSource;
use keyer::color::{dot, scaled, subtract};
use keyer::planar::PlanarFormat;

/// Differences up to so many variances of the screen's noise are ignored.
const NOISE_MARGIN: f32 = 4.0;
/// Share of the squared distance between subject and screen that is ignored at a sharp edge, where
/// lenses, sharpening and codecs leave neither colour.
const EDGE_MARGIN: f32 = 0.08;
/// Blocks within so many variances of each other are equal.
const EQUAL_MARGIN: f32 = 9.0;
/// Brightness of screen in shade and in light, relative to its surroundings.
const SHADE_MIN: f32 = 0.35;
const SHADE_MAX: f32 = 1.6;
/// Difference of colour from the screen in the same light: up to the first a block is certainly
/// screen, from the second on certainly not. Transparent blocks have more room, for creases. The
/// noise is added.
/// Units: of the screen's colour.
const LEFT_RANGE: (f32, f32) = (0.04, 0.12);
const SCREEN_RANGE: (f32, f32) = (0.06, 0.2);
/// Weight of the squared alpha of screen that was left, where it is faint; opaque screen has 1. A
/// faint screen lies over everything, and disturbs more than its alpha.
const FAINT_WEIGHT: f32 = 2.0;
/// Deviations of the noise that are added.
const SCREEN_DEVIATIONS: f32 = 2.0;
/// Most of the screen's light that despill may take from a visible pixel without counting as a
/// difference.
const DESPILL_MAX: f32 = 0.5;
/// Difference of brightness of the screen behind a soft pixel that does not count; a quarter of it
/// at an alpha of one half.
const SHADE_BEHIND: f32 = 0.4;
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
/// Change of a block's colour, and share of the blocks that change so, at a cut.
/// Units: of 255, squared; share.
const CUT_MIN: f32 = 32.0 * 32.0;
const CUT_SHARE_MIN: f32 = 0.6;
/// Alpha up to which set counts as transparent, the share of its squared colour by which it may
/// change from frame to frame with the light, and one in so many frames in which it may change
/// more.
const SET_ALPHA_MAX: u8 = 5;
const SET_CHANGE_MAX: f32 = 0.01;
const SET_CHANGES_SHARE: u32 = 5;
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
    /// Frames of the current shot so far.
    shot_frames: u32,
    screen: ScreenMap,
    /// Colour and classification of each sampled block of the source.
    shown: Vec<SourceBlock>,
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

/// Colour and classification of one block of the source.
#[derive(Debug, Default, Clone, Copy)]
struct SourceBlock {
    color: Ycc,
    /// How certainly the block shows nothing but screen: 0 to 1.
    screen: f32,
    /// The same with less tolerance, for what is visible in the result.
    left: f32,
    /// Whether it belongs to the set beside the screen, and in how many frames of the shot it
    /// differed from the frame before.
    is_set: bool,
    changes: u32,
    /// Whether it equals that of the previous frame, and whether that equalled the one before.
    is_still: [bool; 2],
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
        let shown = vec![SourceBlock::default(); blocks.columns * blocks.rows];
        Self {
            format,
            rows,
            blocks,
            shot: None,
            has_screen: false,
            screen,
            shown,
            shot_frames: 0,
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
            && self.is_cut()
            && let Some(color) = border_screen::detect(&self.blocks)
        {
            self.change_screen(Some(color));
            self.screen.learn(&self.blocks);
        }
        self.update_source();
        self.update_set(rgba);
        self.shot_frames += 1;
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
        self.sums.pixels += (self.shown.len() * PIXELS) as f64;
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
        self.shown_at(x, y).screen >= 0.5
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
        let (blocks, map, noise) = (&self.blocks, &self.screen, self.screen.block_noise());
        self.shown.par_chunks_mut(blocks.columns).enumerate().with_min_len(CHUNK_ROWS).for_each(|(row, shown)| {
            let mut screen = vec![[0.0; 3]; blocks.columns];
            map.write_row(row, &mut screen);
            for ((shown, screen), seen) in shown.iter_mut().zip(screen).zip(blocks.means(row, 0..blocks.columns)) {
                let change_max = EQUAL_MARGIN * map.noise() + SET_CHANGE_MAX * dot(seen, seen);
                shown.changes += u32::from(squared_distance(seen, shown.color) > change_max);
                shown.is_still = [squared_distance(seen, shown.color) < EQUAL_MARGIN * noise, shown.is_still[0]];
                shown.screen = likeness(seen, screen, noise, SCREEN_RANGE);
                shown.left = likeness(seen, screen, noise, LEFT_RANGE);
                shown.color = seen;
            }
        });
    }

    /// Starts with another screen, or without one.
    fn change_screen(&mut self, color: Option<Ycc>) {
        self.has_screen = color.is_some();
        self.unevenness = self.unevenness();
        self.screen = ScreenMap::new(self.blocks.columns, self.blocks.rows, color.unwrap_or_default());
        self.shot_frames = 0;
        self.shown.iter_mut().for_each(|shown| shown.changes = 0);
    }

    /// Updates which blocks are beside the screen, or are marks on it: transparent in the result,
    /// and without change since the shot began.
    fn update_set(&mut self, rgba: &[u8]) {
        let changes_max = 1 + self.shot_frames / SET_CHANGES_SHARE;
        let columns = self.blocks.columns;
        let alpha = |index: usize| {
            let (x, y) = self.blocks.position(index % columns, index / columns, 0);
            pixel::<4>(rgba, self.format.width, x, y).map_or(0, |[.., alpha]| alpha)
        };
        let may_be_set = |index: usize| {
            let shown = &self.shown[index];
            shown.screen < 0.5 && shown.changes <= changes_max && alpha(index) <= SET_ALPHA_MAX
        };
        let candidates: Vec<bool> = (0..self.shown.len()).into_par_iter().map(may_be_set).collect();
        let set = beside_screen::without_subject(candidates, |index| alpha(index) > SET_ALPHA_MAX, columns);
        self.shown.iter_mut().zip(set).for_each(|(shown, is_set)| shown.is_set = is_set);
    }

    /// Whether most of the picture differs from the previous frame.
    fn is_cut(&self) -> bool {
        let changed = |row: usize| {
            let before = &self.shown[row * self.blocks.columns..(row + 1) * self.blocks.columns];
            let now = self.blocks.means(row, 0..self.blocks.columns);
            before.iter().zip(now).filter(|(before, now)| squared_distance(before.color, *now) > CUT_MIN).count()
        };
        let changed: usize = (0..self.blocks.rows).map(changed).sum();
        changed as f32 > CUT_SHARE_MIN * self.shown.len() as f32
    }

    /// False for frames that are faded out, in which neither subject nor screen can be told.
    fn can_be_judged(&mut self) -> bool {
        let luma = self.shown.iter().map(|shown| shown.color[0]).sum::<f32>() / self.shown.len().max(1) as f32;
        if self.screen.visible_share >= VISIBLE_SHARE_MIN {
            self.luma = Some(luma);
            return true;
        }
        self.luma.is_some_and(|usual| (FADED_MIN * usual..FADED_MAX * usual).contains(&luma))
    }

    fn compare(&self, column: usize, row: usize, screen: Ycc, rgba: &[u8], cell: &mut CellSums) {
        let (lumas, _) = self.blocks.at(column, row);
        let shown = &self.shown[row * self.blocks.columns + column];
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

/// One block of the source, and its pixels in the result.
struct Composite<'a> {
    alphas: [f32; PIXELS],
    colors: [Ycc; PIXELS],
    shown: &'a SourceBlock,
    lumas: &'a [f32; PIXELS],
    noise: f32,
}

impl Composite<'_> {
    /// Squared differences of each pixel from the source, beyond what noise, edges and despill
    /// explain.
    fn differences(&self, screen: Ycc) -> [f32; PIXELS] {
        let (alphas, colors) = (&self.alphas, &self.colors);
        let over = |pixel: usize, channel: usize| screen[channel] + alphas[pixel] * (colors[pixel][channel] - screen[channel]);
        let mean = [0, 1, 2].map(|channel| (0..PIXELS).map(|pixel| over(pixel, channel)).sum::<f32>() / PIXELS as f32);
        let visible = alphas.iter().sum::<f32>() / PIXELS as f32;
        let slope = alphas.iter().copied().fold(0.0, f32::max) - alphas.iter().copied().fold(1.0, f32::min);
        let apart = subtract(self.shown.color, mean);
        let allowed = dot(apart, screen) / dot(screen, screen).max(1.0);
        let despill_max = DESPILL_MAX * visible * (1.0 - self.shown.screen);
        let allowed = scaled(screen, allowed.clamp(-SHADE_BEHIND * visible * (1.0 - visible), despill_max));
        // Chroma is known per block only.
        let tint = [1, 2].map(|channel| apart[channel] - allowed[channel]);
        let tint = tint[0] * tint[0] + tint[1] * tint[1];
        std::array::from_fn(|pixel| {
            let light = self.lumas[pixel] - over(pixel, 0) - allowed[0];
            let edge = EDGE_MARGIN * slope * slope * squared_distance(colors[pixel], screen);
            (light * light + tint - NOISE_MARGIN * self.noise - edge).max(0.0)
        })
    }
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { (part / whole).min(1.0) } else { 0.0 }
}

/// How certainly a colour is that of the screen in some light: 0 to 1.
fn likeness(seen: Ycc, screen: Ycc, noise: f32, (certain, possible): (f32, f32)) -> f32 {
    let power = dot(screen, screen).max(1.0);
    let shade = dot(seen, screen) / power;
    if !(SHADE_MIN..SHADE_MAX).contains(&shade) {
        return 0.0;
    }
    let apart = squared_distance(seen, scaled(screen, shade)).sqrt() - SCREEN_DEVIATIONS * noise.sqrt();
    let strength = shade * power.sqrt();
    ((possible * strength - apart) / ((possible - certain) * strength)).clamp(0.0, 1.0)
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
