//! Metrics of the mattes of a clip, frame by frame: coverage, softness, flicker, spill, holes, and
//! how well they reconstruct the source. Frames are sampled on a coarse grid, so that the time does
//! not grow with the picture.

#![expect(clippy::cast_precision_loss, reason = "counts of pixels and frames are far below 2^52")]

mod beside_screen;
mod blocks;
mod border_screen;
mod composite;
mod patches;
mod reconstruction;
mod screen_map;
mod source_blocks;
mod translucency;

use shared::media::PixelSize;
use shared::qa::MatteFigures;

use crate::frame::pixels::sides;
use crate::frame::samples::pixel;
use crate::matte::keying_step::KeyedSource;
use crate::output::second_opinion::MatteSamples;
use keyer::planar::PlanarFormat;
use reconstruction::Reconstruction;

/// Longest side of the grid.
/// Units: pixels.
const GRID_SIDE_MAX: usize = 480;
/// Alpha up to `CLEAR_MAX` counts as transparent, from `OPAQUE_MIN` as opaque: lossy sources are
/// never exact.
const CLEAR_MAX: u8 = 5;
const OPAQUE_MIN: u8 = 250;
/// From here on a pixel belongs to the subject.
const SUBJECT_MIN: u8 = 128;
/// Neighbouring frames agree when their alpha differs by at most this.
const AGREEMENT_MAX: u8 = 16;
/// The spill of soft pixels is measured from this alpha on.
const TINT_ALPHA_MIN: u8 = 26;
/// A transparent patch above this share of the subject is no hole but a gap, as between arm and
/// body.
const HOLE_SHARE_MAX: f64 = 0.01;
/// Share of the frame's border that the subject must cover to touch it.
const CONTACT_SHARE_MIN: f64 = 0.005;

/// Sums over the frames so far.
#[derive(Debug)]
pub struct MatteMetrics {
    size: PixelSize,
    step: usize,
    columns: usize,
    rows: usize,
    frames: u64,
    /// The mattes of the last two frames.
    before: [Vec<u8>; 2],
    covered: Mean,
    soft: Mean,
    flicker: Mean,
    /// Excess of green and of blue, in soft and in opaque pixels.
    soft_tint: [Mean; 2],
    core_tint: [Mean; 2],
    hole_cells: u64,
    subject_cells: u64,
    contacts: u64,
    translucency: Mean,
    /// None without a screen.
    reconstruction: Option<Reconstruction>,
    samples: MatteSamples,
}

#[derive(Debug, Default, Clone, Copy)]
struct Mean {
    sum: f64,
    count: f64,
}

impl Mean {
    fn add(&mut self, sum: f64, count: f64) {
        self.sum += sum;
        self.count += count;
    }

    fn value(self) -> f64 {
        if self.count > 0.0 { self.sum / self.count } else { 0.0 }
    }
}

impl MatteMetrics {
    /// For frames of this size.
    pub fn new(size: PixelSize) -> Self {
        let (width, height) = sides(size);
        let step = width.max(height).div_ceil(GRID_SIDE_MAX).max(1);
        Self {
            size,
            step,
            columns: width.div_ceil(step),
            rows: height.div_ceil(step),
            frames: 0,
            before: [Vec::new(), Vec::new()],
            covered: Mean::default(),
            soft: Mean::default(),
            flicker: Mean::default(),
            soft_tint: [Mean::default(); 2],
            core_tint: [Mean::default(); 2],
            hole_cells: 0,
            subject_cells: 0,
            contacts: 0,
            translucency: Mean::default(),
            reconstruction: None,
            samples: MatteSamples::default(),
        }
    }

    /// For frames of this size, keyed from sources of this format.
    pub fn against(size: PixelSize, format: PlanarFormat) -> Self {
        Self { reconstruction: Some(Reconstruction::new(format)), ..Self::new(size) }
    }

    /// Keeps samples for a second opinion.
    #[must_use]
    pub fn with_samples(self, samples: MatteSamples) -> Self {
        Self { samples, ..self }
    }

    /// The samples so far, which are kept no longer.
    pub fn take_samples(&mut self) -> MatteSamples {
        std::mem::take(&mut self.samples)
    }

    /// Adds the next frame: straight RGBA, and the source that it was keyed from, if there is one.
    pub fn add(&mut self, rgba: &[u8], source: Option<&KeyedSource>) {
        if let (Some(reconstruction), Some(source)) = (&mut self.reconstruction, source) {
            reconstruction.add(source, rgba);
        }
        let width = self.size.width as usize;
        let mut alpha = Vec::with_capacity(self.columns * self.rows);
        let (mut total, mut soft) = (0_u64, 0_u64);
        for y in 0..self.rows {
            for x in 0..self.columns {
                let [red, green, blue, value] = pixel::<4>(rgba, width, x * self.step, y * self.step).unwrap_or_default();
                total += u64::from(value);
                soft += u64::from(value > CLEAR_MAX && value < OPAQUE_MIN);
                let tints = [green.saturating_sub(red.max(blue)), blue.saturating_sub(red.max(green))];
                match value {
                    OPAQUE_MIN.. => tints.iter().zip(&mut self.core_tint).for_each(|(tint, mean)| mean.add((*tint).into(), 1.0)),
                    TINT_ALPHA_MIN.. => {
                        // Weighted by alpha.
                        let share = f64::from(value) / 255.0;
                        tints.iter().zip(&mut self.soft_tint).for_each(|(tint, mean)| mean.add(share * f64::from(*tint), share));
                    }
                    _ => {}
                }
                alpha.push(value);
            }
        }
        let cells = alpha.len() as f64;
        self.covered.add(total as f64 / 255.0, cells);
        self.soft.add(soft as f64, cells);
        self.add_flicker(&alpha);
        self.add_holes(&alpha);
        self.contacts += u64::from(self.touches_edge(&alpha));
        let (shortfall, outlines) = translucency::outlines(&alpha, self.columns);
        self.translucency.add(shortfall, outlines);
        let pixels = |cells: usize| u32::try_from(cells).unwrap_or(u32::MAX);
        self.samples.add(self.frames, PixelSize { width: pixels(self.columns), height: pixels(self.rows) }, &alpha);
        self.frames += 1;
        self.before.rotate_left(1);
        let [_, last] = &mut self.before;
        *last = alpha;
    }

    /// The figures of all frames.
    pub fn finish(self) -> MatteFigures {
        let residue = |(soft, core): (&Mean, &Mean)| (soft.value() - core.value()).max(0.0) / 255.0;
        let spill_residue = self.soft_tint.iter().zip(&self.core_tint).map(residue).fold(0.0, f64::max);
        let share = |part: u64, whole: u64| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
        MatteFigures {
            coverage: self.covered.value(),
            soft_share: self.soft.value(),
            flicker: self.flicker.value(),
            spill_residue,
            holes: share(self.hole_cells, self.subject_cells),
            edge_contact: share(self.contacts, self.frames),
            translucency: self.translucency.value().sqrt(),
            missing_share: self.reconstruction.as_ref().and_then(Reconstruction::missing_share),
            screen_left_share: self.reconstruction.as_ref().and_then(Reconstruction::screen_left_share),
            reconstruction_error: self.reconstruction.as_ref().and_then(Reconstruction::error),
            foreign_share: None,
            lacking_share: None,
            screen_unevenness: self.reconstruction.as_ref().and_then(Reconstruction::unevenness),
        }
    }

    /// Flicker: the deviation of the previous frame from its neighbours where those two agree. Zero
    /// for anything that stands still, fades, or moves in one direction. With a screen, only where
    /// the source does not move.
    fn add_flicker(&mut self, alpha: &[u8]) {
        let [first, middle] = &self.before;
        let (mut sum, mut count) = (0_u64, 0_u64);
        for (index, ((first, middle), last)) in first.iter().zip(middle).zip(alpha).enumerate() {
            let (x, y) = (index % self.columns * self.step, index / self.columns * self.step);
            let may_move = self.reconstruction.as_ref().is_some_and(|source| !source.is_still(x, y));
            if !may_move && (*first).max(*middle).max(*last) > CLEAR_MAX {
                count += 1;
                if first.abs_diff(*last) <= AGREEMENT_MAX {
                    sum += u64::from((2 * u16::from(*middle)).abs_diff(u16::from(*first) + u16::from(*last)));
                }
            }
        }
        self.flicker.add(sum as f64 / 2.0 / 255.0, count as f64);
    }

    /// Small enclosed transparent patches, except where the source shows the screen.
    fn add_holes(&mut self, alpha: &[u8]) {
        let seen: Vec<bool> = alpha.iter().map(|value| *value >= SUBJECT_MIN).collect();
        let subject = seen.iter().filter(|seen| **seen).count();
        self.subject_cells += subject as u64;
        let cells_max = subject as f64 * HOLE_SHARE_MAX;
        let is_hole = |index: &usize| {
            let (x, y) = (index % self.columns * self.step, index / self.columns * self.step);
            self.reconstruction.as_ref().is_none_or(|source| !source.is_screen(x, y))
        };
        let patches = patches::enclosed(seen, self.columns);
        let small = patches.iter().filter(|patch| patch.len() as f64 <= cells_max);
        self.hole_cells += small.flatten().filter(|index| is_hole(index)).count() as u64;
    }

    fn touches_edge(&self, alpha: &[u8]) -> bool {
        let rows = alpha.chunks_exact(self.columns);
        let (mut touched, mut cells) = (0_u64, 0_u64);
        for (y, row) in rows.enumerate() {
            let whole = y == 0 || y + 1 == self.rows;
            for (x, value) in row.iter().enumerate() {
                if whole || x == 0 || x + 1 == self.columns {
                    cells += 1;
                    touched += u64::from(*value >= SUBJECT_MIN);
                }
            }
        }
        touched as f64 > cells as f64 * CONTACT_SHARE_MIN
    }
}

#[cfg(test)]
mod tests;
