//! Alpha and foreground estimation at the edges, with a known background.

#![expect(clippy::cast_precision_loss, reason = "cells are a few pixels wide")]

use keyer::coarse_map::CoarseMap;
use rayon::prelude::*;

use super::color::{Rgb, Ycc, rgb, ycc};
use super::evidence::Evidence;
use super::exposure::Exposure;
use super::grid::Grid;
use super::motion_blur::MotionBlur;
use super::plate::Plate;
use keyer::color::byte;

/// Labels of the trimap.
pub const BACKGROUND: u8 = 0;
pub const UNCERTAIN: u8 = 1;
pub const CORE: u8 = 2;

/// Width of the uncertain band on either side of the outline; outside of it, where faint details
/// stick out, the third.
/// Units: cells.
const BAND_INSIDE: usize = 3;
const BAND_OUTSIDE: usize = 3;
const BAND_OUTSIDE_FAINT: usize = 10;
/// Core cells differ from the background by at least this share of the largest difference in the
/// neighbourhood.
const PURE_MIN: f32 = 0.75;
/// Units: cells.
const NEIGHBOURHOOD: usize = 4;
/// Least squared distance from the background of a faint detail. Units: variances of the noise.
const FAINT_DISTANCE_MIN: f32 = 14.0;
/// Units: cells.
const COLOR_SIDE: usize = 4;
const WEIGHT_FULL: f32 = 2.0;
/// Weight of chroma beside luma, as it is recorded at half the resolution.
const CHROMA_WEIGHT: f32 = 0.6;
/// Reduction of the confidence in an unmixed alpha by noise, and by distance from the line between
/// both colours.
const NOISE_PENALTY: f32 = 30.0;
const OFF_LINE_PENALTY: f32 = 6.0;
/// Squared cosine from which a difference may be, and from which it is, a mixture with a stronger
/// colour nearby.
const SIMILARITY: (f32, f32) = (0.75, 0.92);
/// Contrast from which the label alone may set alpha to 1. Units: share of the difference of
/// subject and background.
const EXPECTED_CONTRAST_FULL: f32 = 0.7;
/// Alpha below the first is set to 0, above the second to 1.
const SNAP: (f32, f32) = (0.03, 0.97);
/// Between these alphas the colour changes from the foreground nearby to the pixel's own unmixed
/// colour.
const OWN_COLOR_ALPHA: (f32, f32) = (0.3, 0.95);

/// Labels every cell as background, core or uncertain.
pub fn trimap(grid: Grid, labels: &[f32], evidence: &Evidence, motion_blur: Option<&MotionBlur>) -> Vec<u8> {
    let subject: Vec<u8> = labels.iter().map(|label| if *label > 0.0 { 255 } else { 0 }).collect();
    let (inner, innermost) = (grid.erode(&subject, BAND_INSIDE), grid.erode(&subject, BAND_OUTSIDE_FAINT));
    let (outer, outermost) = (grid.dilate(&subject, BAND_OUTSIDE), grid.dilate(&subject, BAND_OUTSIDE_FAINT));
    let contrasts = contrasts(evidence);
    let max_contrast = grid.dilate(&contrasts, NEIGHBOURHOOD);
    // Between hairs every cell is a mixture and none is core.
    let is_pure = |cell: usize| f32::from(contrasts[cell]) > PURE_MIN * f32::from(max_contrast[cell]);
    (0..grid.len())
        .map(|cell| {
            if motion_blur.is_some_and(|motion_blur| motion_blur.share[cell] > 0.0) {
                UNCERTAIN
            } else if innermost[cell] > 0 || inner[cell] > 0 && is_pure(cell) {
                CORE
            } else if outer[cell] > 0 || outermost[cell] > 0 && evidence.distance[cell] > FAINT_DISTANCE_MIN {
                UNCERTAIN
            } else {
                BACKGROUND
            }
        })
        .collect()
}

/// Distance of each cell from the background. Units: quarters of a standard deviation.
fn contrasts(evidence: &Evidence) -> Vec<u8> {
    evidence.distance.iter().map(|distance| byte(distance.sqrt() * 4.0)).collect()
}

/// Colours of the subject, extrapolated over the picture.
#[derive(Debug)]
pub struct ForegroundColors {
    /// Colours of the core nearby.
    near: CoarseMap,
    /// Colours that differ most from the background in a wider neighbourhood.
    strong: CoarseMap,
}

/// Averages the colours of the subject by cell and extrapolates them.
pub fn foreground_colors(grid: Grid, labels: &[f32], trimap: &[u8], evidence: &Evidence) -> ForegroundColors {
    let contrasts = contrasts(evidence);
    let (max_contrast, far) = (grid.dilate(&contrasts, NEIGHBOURHOOD), grid.dilate(&contrasts, BAND_OUTSIDE_FAINT));
    let share = |cell: usize, max_contrast: &[u8]| f32::from(contrasts[cell]) / f32::from(max_contrast[cell]).max(1.0);
    let is_pure = |cell: usize| trimap[cell] == CORE && share(cell, &max_contrast) > PURE_MIN;
    let near = average(grid, evidence, |cell| if is_pure(cell) { 1.0 } else { 0.0 });
    let strong = average(grid, evidence, |cell| if labels[cell] > 0.0 { share(cell, &far).powi(8) } else { 0.0 });
    ForegroundColors { near, strong }
}

fn average(grid: Grid, evidence: &Evidence, weight: impl Fn(usize) -> f32) -> CoarseMap {
    let mut cells = CoarseMap::over(grid.columns, grid.rows, COLOR_SIDE);
    for cell in 0..grid.len() {
        let weight = weight(cell);
        if weight <= 0.0 {
            continue;
        }
        cells.add_weighted(cell % grid.columns, cell / grid.columns, evidence.frame[cell], weight);
    }
    cells.fill(WEIGHT_FULL);
    cells
}

/// Estimates alpha and foreground of one frame.
#[derive(Debug, Clone, Copy)]
pub struct EdgeEstimator<'a> {
    pub plate: &'a Plate,
    pub exposure: &'a Exposure,
    pub evidence: &'a Evidence,
    pub labels: &'a [f32],
    pub trimap: &'a [u8],
    pub colors: &'a ForegroundColors,
    pub motion_blur: Option<&'a MotionBlur>,
    pub changed: &'a [u8],
    /// Alpha of the previous frame.
    pub previous: &'a [u8],
}

/// The cell of a pixel, and the four cells around it with their bilinear weights.
struct CellPosition {
    cell: usize,
    corners: [usize; 4],
    shares: [f32; 4],
}

impl EdgeEstimator<'_> {
    /// Writes alpha, and in the uncertain band the colour of the foreground.
    pub fn write(&self, rgba: &mut [u8]) {
        let (width, side) = (self.plate.width, self.plate.side);
        let columns = self.plate.cells.columns;
        let rows = rgba.par_chunks_exact_mut(width * 4).zip(self.plate.pixels.par_chunks_exact(width * 3));
        rows.enumerate().for_each(|(y, (row, background))| {
            let first = y / side * columns;
            for (x, (pixel, background)) in row.as_chunks_mut::<4>().0.iter_mut().zip(background.as_chunks::<3>().0).enumerate() {
                match self.trimap[first + x / side] {
                    BACKGROUND => pixel[3] = 0,
                    CORE => pixel[3] = 255,
                    _ => {
                        let previous = self.previous.get(y * width + x).copied();
                        *pixel = self.estimate(&self.position(x, y), *pixel, *background, previous);
                    }
                }
            }
        });
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positions in the picture")]
    fn position(&self, x: usize, y: usize) -> CellPosition {
        let (side, grid) = (self.plate.side, self.plate.cells);
        let between = |at: usize, count: usize| {
            let at = ((at as f32 + 0.5) / side as f32 - 0.5).max(0.0);
            let low = (at as usize).min(count - 1);
            (low, (low + 1).min(count - 1), at - low as f32)
        };
        let (left, right, across) = between(x, grid.columns);
        let (top, bottom, down) = between(y, grid.rows);
        let at = |column: usize, row: usize| row * grid.columns + column;
        CellPosition {
            cell: at(x / side, y / side),
            corners: [at(left, top), at(right, top), at(left, bottom), at(right, bottom)],
            shares: [(1.0 - across) * (1.0 - down), across * (1.0 - down), (1.0 - across) * down, across * down],
        }
    }

    fn estimate(&self, position: &CellPosition, pixel: [u8; 4], background: [u8; 3], previous: Option<u8>) -> [u8; 4] {
        let blend = |value: &dyn Fn(usize) -> f32| -> f32 {
            position.corners.iter().zip(position.shares).map(|(corner, share)| value(*corner) * share).sum()
        };
        let shade = blend(&|cell| self.evidence.shade[cell]);
        let expected = blend(&|cell| (0.5 + self.labels[cell] / 6.0).clamp(0.0, 1.0));
        let background = self.exposure.apply_clipped(rgb(background)).map(|channel| channel * shade);
        let [red, green, blue, _] = pixel;
        let color = rgb([red, green, blue]);
        let columns = self.plate.cells.columns;
        let at = |cells: &CoarseMap| cells.at_block(position.cell % columns, position.cell / columns);
        let difference = weighted(minus(color, background));
        let noise: f32 = self.plate.variance[position.cell].iter().sum();
        // A colour between the background and a strong one nearby is a mixture with that, not a
        // pure weak one.
        let (near, strong) =
            (MixingLine::new(at(&self.colors.near), background), MixingLine::new(at(&self.colors.strong), background));
        let similarity = strong.similarity(difference, noise);
        let line = near
            .mixed(&strong, if strong.length > near.length { smoothstep(SIMILARITY.0, SIMILARITY.1, similarity) } else { 0.0 });
        let foreground = line.foreground;
        let along = (dot(difference, line.direction) / line.length).clamp(0.0, 1.0);
        let aside = minus(difference, line.direction.map(|channel| channel * along));
        // Cells are labelled as subject even where they show little of it.
        let expected = expected * smoothstep(0.1, EXPECTED_CONTRAST_FULL, (dot(difference, difference) / line.length).sqrt());
        let confidence = line.length / (line.length + NOISE_PENALTY * noise + OFF_LINE_PENALTY * dot(aside, aside));
        let mut alpha = expected + (along - expected) * confidence.sqrt();
        if let Some(motion_blur) = self.motion_blur {
            let passed = blend(&|cell| motion_blur.alpha[cell]);
            let by_motion = passed + (along - passed) * confidence;
            alpha += (by_motion - alpha) * blend(&|cell| motion_blur.share[cell]);
        }
        if let Some(previous) = previous
            && self.changed[position.cell] == 0
        {
            let previous = f32::from(previous) / 255.0;
            if (previous - alpha).abs() < 0.3 {
                alpha = f32::midpoint(alpha, previous);
            }
        }
        let alpha = snap(alpha);
        let own = [0, 1, 2].map(|channel| (color[channel] - (1.0 - alpha) * background[channel]) / alpha.max(0.05));
        let own_weight = ((alpha - OWN_COLOR_ALPHA.0) / (OWN_COLOR_ALPHA.1 - OWN_COLOR_ALPHA.0)).clamp(0.0, 1.0);
        let [red, green, blue] = [0, 1, 2]
            .map(|channel| byte(foreground[channel] + (own[channel].clamp(0.0, 255.0) - foreground[channel]) * own_weight));
        [red, green, blue, byte(alpha * 255.0)]
    }
}

/// The line of mixtures from the background's colour to the foreground's.
struct MixingLine {
    foreground: Rgb,
    direction: Ycc,
    /// Squared length of `direction`.
    length: f32,
}

impl MixingLine {
    fn new(foreground: Rgb, background: Rgb) -> Self {
        let direction = weighted(minus(foreground, background));
        Self { foreground, direction, length: dot(direction, direction).max(1.0) }
    }

    /// Squared cosine between a difference and this line, without the part that noise explains.
    fn similarity(&self, difference: Ycc, noise: f32) -> f32 {
        let along = dot(difference, self.direction).max(0.0) / self.length.sqrt();
        let aside = (dot(difference, difference) - along * along - 2.0 * noise).max(0.0);
        along * along / (along * along + aside).max(1.0)
    }

    fn mixed(&self, other: &Self, share: f32) -> Self {
        let mix =
            |left: [f32; 3], right: [f32; 3]| [0, 1, 2].map(|channel| left[channel] + (right[channel] - left[channel]) * share);
        let direction = mix(self.direction, other.direction);
        Self { foreground: mix(self.foreground, other.foreground), direction, length: dot(direction, direction).max(1.0) }
    }
}

fn smoothstep(low: f32, high: f32, value: f32) -> f32 {
    let t = ((value - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

fn snap(alpha: f32) -> f32 {
    if alpha < SNAP.0 {
        0.0
    } else if alpha > SNAP.1 {
        1.0
    } else {
        alpha
    }
}

fn minus(left: Rgb, right: Rgb) -> Rgb {
    [left[0] - right[0], left[1] - right[1], left[2] - right[2]]
}

fn dot(left: Ycc, right: Ycc) -> f32 {
    left[0] * right[0] + left[1] * right[1] + left[2] * right[2]
}

fn weighted(color: Rgb) -> Ycc {
    let [luma, blue, red] = ycc(color);
    [luma, blue * CHROMA_WEIGHT, red * CHROMA_WEIGHT]
}
