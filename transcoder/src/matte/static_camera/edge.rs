//! Unmixes the edges with the known background: how much subject each pixel shows, and of which colour.

#![expect(clippy::cast_precision_loss, reason = "cells are a few pixels wide")]

use rayon::prelude::*;

use super::color::{Rgb, Ypq, rgb, ypq};
use super::evidence::Evidence;
use super::exposure::Exposure;
use super::grid::Grid;
use super::plate::Plate;
use super::smear::Smear;
use crate::frame::color::byte;
use crate::matte::coarse_map::CoarseMap;

/// Cells that are background, subject, or between.
pub const CLEAR: u8 = 0;
pub const EDGE: u8 = 1;
pub const CORE: u8 = 2;

/// How far an edge reaches to either side of the outline; where something faint sticks out, further.
/// Units: cells.
const REACH_IN: usize = 3;
const REACH_OUT: usize = 3;
const REACH_FAR: usize = 10;
/// Cells of the core differ from the background by this share of the most that is seen around.
const PURE_MIN: f32 = 0.75;
/// Units: cells.
const STRONG_REACH: usize = 4;
/// Squared distance from the background from which on something may stick out.
const FAINT_MIN: f32 = 14.0;
/// Units: cells.
const COLOR_SIDE: usize = 4;
const WEIGHT_FULL: f32 = 2.0;
/// Chroma is recorded at half the resolution of luma.
const CHROMA_WEIGHT: f32 = 0.6;
/// How much noise, and what lies off the line between both colours, take from the trust in unmixing.
const NOISE_DOUBT: f32 = 30.0;
const OFF_LINE_DOUBT: f32 = 6.0;
/// Squared cosine from which on a difference begins to be a part of a stronger one, and is.
const LIKE: (f32, f32) = (0.75, 0.92);
/// Share of the difference between subject and background from which on a pixel may be all subject.
const EXPECTED_FULL: f32 = 0.7;
/// Alpha below and above which there is nothing, or all.
const SETTLED: (f32, f32) = (0.03, 0.97);
/// Between these a pixel's own colour takes over from that of its surroundings.
const OWN_COLOR: (f32, f32) = (0.3, 0.95);

/// Sorts the cells.
pub fn classify(grid: Grid, labels: &[f32], evidence: &Evidence, smear: Option<&Smear>) -> Vec<u8> {
    let subject: Vec<u8> = labels.iter().map(|label| if *label > 0.0 { 255 } else { 0 }).collect();
    let (inner, innermost) = (grid.least(&subject, REACH_IN), grid.least(&subject, REACH_FAR));
    let (outer, outermost) = (grid.greatest(&subject, REACH_OUT), grid.greatest(&subject, REACH_FAR));
    let strength = strength(evidence);
    let strongest = grid.greatest(&strength, STRONG_REACH);
    // Between hairs everything is a little of the subject.
    let is_pure = |cell: usize| f32::from(strength[cell]) > PURE_MIN * f32::from(strongest[cell]);
    (0..grid.len())
        .map(|cell| {
            if smear.is_some_and(|smear| smear.share[cell] > 0.0) {
                EDGE
            } else if innermost[cell] > 0 || inner[cell] > 0 && is_pure(cell) {
                CORE
            } else if outer[cell] > 0 || outermost[cell] > 0 && evidence.distance[cell] > FAINT_MIN {
                EDGE
            } else {
                CLEAR
            }
        })
        .collect()
}

/// How far each cell is from the background, in quarters of a deviation.
fn strength(evidence: &Evidence) -> Vec<u8> {
    evidence.distance.iter().map(|distance| byte(distance.sqrt() * 4.0)).collect()
}

/// The subject's colours, spread outward.
#[derive(Debug)]
pub struct Colors {
    /// Those of the purest of the core.
    near: CoarseMap,
    /// Those that differ most from the background, further around.
    strong: CoarseMap,
}

/// Collects the subject's colours.
pub fn colors(grid: Grid, labels: &[f32], class: &[u8], evidence: &Evidence) -> Colors {
    let strength = strength(evidence);
    let (strongest, far) = (grid.greatest(&strength, STRONG_REACH), grid.greatest(&strength, REACH_FAR));
    let share = |cell: usize, strongest: &[u8]| f32::from(strength[cell]) / f32::from(strongest[cell]).max(1.0);
    let is_pure = |cell: usize| class[cell] == CORE && share(cell, &strongest) > PURE_MIN;
    let near = gather(grid, evidence, |cell| if is_pure(cell) { 1.0 } else { 0.0 });
    let strong = gather(grid, evidence, |cell| if labels[cell] > 0.0 { share(cell, &far).powi(8) } else { 0.0 });
    Colors { near, strong }
}

fn gather(grid: Grid, evidence: &Evidence, weight: impl Fn(usize) -> f32) -> CoarseMap {
    let mut cells = CoarseMap::over(grid.columns, grid.rows, COLOR_SIDE);
    for cell in 0..grid.len() {
        let weight = weight(cell);
        if weight <= 0.0 {
            continue;
        }
        let sum = &mut cells.sums[cell / grid.columns / COLOR_SIDE * cells.columns + cell % grid.columns / COLOR_SIDE];
        let [red, green, blue] = evidence.seen[cell];
        *sum = [sum[0] + red * weight, sum[1] + green * weight, sum[2] + blue * weight, sum[3] + weight];
    }
    cells.fill_holes(WEIGHT_FULL);
    cells
}

/// What a frame's edges are unmixed with.
#[derive(Debug, Clone, Copy)]
pub struct Edges<'a> {
    pub plate: &'a Plate,
    pub exposure: &'a Exposure,
    pub evidence: &'a Evidence,
    pub labels: &'a [f32],
    pub class: &'a [u8],
    pub colors: &'a Colors,
    pub smear: Option<&'a Smear>,
    pub moving: &'a [u8],
    /// The matte before.
    pub before: &'a [u8],
}

/// A pixel's cell, and its place between cells.
struct Place {
    cell: usize,
    corners: [usize; 4],
    shares: [f32; 4],
}

impl Edges<'_> {
    /// Writes alpha, and unmixed colour at edges.
    pub fn write(&self, rgba: &mut [u8]) {
        let (width, side) = (self.plate.width, self.plate.side);
        let columns = self.plate.cells.columns;
        let rows = rgba.par_chunks_exact_mut(width * 4).zip(self.plate.pixels.par_chunks_exact(width * 3));
        rows.enumerate().for_each(|(y, (row, behind))| {
            let first = y / side * columns;
            for (x, (pixel, behind)) in row.as_chunks_mut::<4>().0.iter_mut().zip(behind.as_chunks::<3>().0).enumerate() {
                match self.class[first + x / side] {
                    CLEAR => pixel[3] = 0,
                    CORE => pixel[3] = 255,
                    _ => {
                        let before = self.before.get(y * width + x).copied();
                        *pixel = self.solve(&self.place(x, y), *pixel, *behind, before);
                    }
                }
            }
        });
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positions in the picture")]
    fn place(&self, x: usize, y: usize) -> Place {
        let (side, grid) = (self.plate.side, self.plate.cells);
        let between = |at: usize, count: usize| {
            let at = ((at as f32 + 0.5) / side as f32 - 0.5).max(0.0);
            let low = (at as usize).min(count - 1);
            (low, (low + 1).min(count - 1), at - low as f32)
        };
        let (left, right, across) = between(x, grid.columns);
        let (top, bottom, down) = between(y, grid.rows);
        let at = |column: usize, row: usize| row * grid.columns + column;
        Place {
            cell: at(x / side, y / side),
            corners: [at(left, top), at(right, top), at(left, bottom), at(right, bottom)],
            shares: [(1.0 - across) * (1.0 - down), across * (1.0 - down), (1.0 - across) * down, across * down],
        }
    }

    fn solve(&self, place: &Place, pixel: [u8; 4], behind: [u8; 3], before: Option<u8>) -> [u8; 4] {
        let blend = |value: &dyn Fn(usize) -> f32| -> f32 {
            place.corners.iter().zip(place.shares).map(|(corner, share)| value(*corner) * share).sum()
        };
        let shade = blend(&|cell| self.evidence.shade[cell]);
        let expected = blend(&|cell| (0.5 + self.labels[cell] / 6.0).clamp(0.0, 1.0));
        let behind = self.exposure.apply_clipped(rgb(behind)).map(|channel| channel * shade);
        let [red, green, blue, _] = pixel;
        let seen = rgb([red, green, blue]);
        let columns = self.plate.cells.columns;
        let at = |cells: &CoarseMap| cells.at_block(place.cell % columns, place.cell / columns);
        let off = weighted(minus(seen, behind));
        let noise: f32 = self.plate.variance[place.cell].iter().sum();
        // What lies on the way from the background to a strong colour nearby is a little of that, not all of a weak one.
        let (near, strong) = (Line::new(at(&self.colors.near), behind), Line::new(at(&self.colors.strong), behind));
        let likeness = strong.likeness(off, noise);
        let line = near.mixed(&strong, if strong.length > near.length { smoothstep(LIKE.0, LIKE.1, likeness) } else { 0.0 });
        let full = line.full;
        let along = (dot(off, line.way) / line.length).clamp(0.0, 1.0);
        let aside = minus(off, line.way.map(|channel| channel * along));
        // Labels are of the subject as soon as a little of it is seen.
        let expected = expected * smoothstep(0.1, EXPECTED_FULL, (dot(off, off) / line.length).sqrt());
        let trust = line.length / (line.length + NOISE_DOUBT * noise + OFF_LINE_DOUBT * dot(aside, aside));
        let mut alpha = expected + (along - expected) * trust.sqrt();
        if let Some(smear) = self.smear {
            let passed = blend(&|cell| smear.alpha[cell]);
            let by_motion = passed + (along - passed) * trust;
            alpha += (by_motion - alpha) * blend(&|cell| smear.share[cell]);
        }
        if let Some(before) = before
            && self.moving[place.cell] == 0
        {
            let before = f32::from(before) / 255.0;
            if (before - alpha).abs() < 0.3 {
                alpha = f32::midpoint(alpha, before);
            }
        }
        let alpha = settled(alpha);
        let own = [0, 1, 2].map(|channel| (seen[channel] - (1.0 - alpha) * behind[channel]) / alpha.max(0.05));
        let owned = ((alpha - OWN_COLOR.0) / (OWN_COLOR.1 - OWN_COLOR.0)).clamp(0.0, 1.0);
        let [red, green, blue] =
            [0, 1, 2].map(|channel| byte(full[channel] + (own[channel].clamp(0.0, 255.0) - full[channel]) * owned));
        [red, green, blue, byte(alpha * 255.0)]
    }
}

/// From the background's colour to the subject's.
struct Line {
    full: Rgb,
    way: Ypq,
    /// Squared.
    length: f32,
}

impl Line {
    fn new(full: Rgb, behind: Rgb) -> Self {
        let way = weighted(minus(full, behind));
        Self { full, way, length: dot(way, way).max(1.0) }
    }

    /// The squared cosine between a difference and this way, noise aside.
    fn likeness(&self, off: Ypq, noise: f32) -> f32 {
        let along = dot(off, self.way).max(0.0) / self.length.sqrt();
        let aside = (dot(off, off) - along * along - 2.0 * noise).max(0.0);
        along * along / (along * along + aside).max(1.0)
    }

    fn mixed(&self, other: &Self, share: f32) -> Self {
        let mix =
            |left: [f32; 3], right: [f32; 3]| [0, 1, 2].map(|channel| left[channel] + (right[channel] - left[channel]) * share);
        let way = mix(self.way, other.way);
        Self { full: mix(self.full, other.full), way, length: dot(way, way).max(1.0) }
    }
}

fn smoothstep(low: f32, high: f32, value: f32) -> f32 {
    let t = ((value - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

fn settled(alpha: f32) -> f32 {
    if alpha < SETTLED.0 {
        0.0
    } else if alpha > SETTLED.1 {
        1.0
    } else {
        alpha
    }
}

fn minus(left: Rgb, right: Rgb) -> Rgb {
    [left[0] - right[0], left[1] - right[1], left[2] - right[2]]
}

fn dot(left: Ypq, right: Ypq) -> f32 {
    left[0] * right[0] + left[1] * right[1] + left[2] * right[2]
}

fn weighted(color: Rgb) -> Ypq {
    let [luma, blue, red] = ypq(color);
    [luma, blue * CHROMA_WEIGHT, red * CHROMA_WEIGHT]
}
