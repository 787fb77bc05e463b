//! Bodies whose colour leans to the screen's: nearly opaque by hue, even, with sharp borders. Smoke, glass and motion blur
//! fade out instead, and show the screen behind them.

use crate::plane::{Groups, Plane, Rank, rank};
use crate::rough::{CORE, OPAQUE, Rough, SOFT};
use crate::view::View;

/// A body is at least this opaque by hue, and its hue alpha varies by no more than this nearby.
const HUE_MIN: f32 = 0.5;
const SPREAD_MAX: f32 = 0.12;
/// How far around a block its evenness is asked for, how large a body is, and how wide a gap in it may be. Units: share of the picture's height.
const EVEN_SHARE: f32 = 0.006;
const SIDE_SHARE: f32 = 0.025;
const GAP_SHARE: f32 = 0.014;
/// An edge is this wide; beyond it, and within as much again, no more than this share of the border may be soft.
/// Units: share of the picture's height.
const EDGE_SHARE: f32 = 0.006;
const SOFT_MAX: f32 = 0.3;
/// Blocks of a body with less than this around them, against its mean, belong to its edge.
const INSIDE_LESS: f32 = 0.12;
/// Soft parts of a border, as shares of what is inside.
const SOFT_PART: (f32, f32) = (0.2, 0.95);
/// A body that is as opaque as this anyway needs no help where less than that is around: blur begins there.
const OPAQUE_INSIDE: f32 = 0.93;
const OPAQUE_AROUND: f32 = 0.97;
/// Luma within a body varies at least by this for its shading to tell. Units: variance, of 255.
const SHADING_MIN: f32 = 12.0;

/// Finds bodies and makes them core.
#[derive(Debug, Clone)]
pub struct Bodies {
    low: Plane<u8>,
    high: Plane<u8>,
    closed: Plane<u8>,
    flat: Vec<bool>,
    bytes: Vec<u8>,
    unit: f32,
}

impl Bodies {
    pub fn new(columns: usize, rows: usize, unit: f32) -> Self {
        let plane = Plane::new(columns, rows, 0);
        Self { low: plane.clone(), high: plane.clone(), closed: plane, flat: Vec::new(), bytes: Vec::new(), unit }
    }

    fn blocks(&self, share: f32) -> usize {
        (share * self.unit).round().max(1.0) as usize
    }

    /// Marks even bodies with sharp borders as core.
    pub fn harden(&mut self, view: &View, rough: &mut Rough) {
        let hue = &rough.hue;
        for plane in [&mut self.low, &mut self.high, &mut self.closed] {
            plane.cells.copy_from_slice(&hue.cells);
        }
        let (even, gap) = (self.blocks(EVEN_SHARE), self.blocks(GAP_SHARE));
        rank(&mut self.low, even, Rank::Least, &mut self.bytes);
        rank(&mut self.high, even, Rank::Largest, &mut self.bytes);
        let steps = |alpha: f32| (alpha * OPAQUE) as u8;
        self.flat.clear();
        let spreads = self.low.cells.iter().zip(&self.high.cells).zip(&hue.cells);
        let limit = steps(SPREAD_MAX);
        let opaque = steps(1.0);
        self.flat.extend(
            spreads.map(|((low, high), hue)| {
                (*high).min(opaque).saturating_sub((*low).min(opaque)) < limit && *hue > steps(HUE_MIN)
            }),
        );
        let columns = hue.columns;
        let groups = Groups::of(&self.flat, columns);
        let mut has_soft = vec![false; groups.found.len() + 1];
        for (label, class) in groups.label.iter().zip(&rough.class.cells) {
            has_soft[*label as usize] |= *class == SOFT;
        }
        if !has_soft[1..].iter().any(|soft| *soft) {
            return;
        }
        rank(&mut self.closed, gap, Rank::Largest, &mut self.bytes);
        rank(&mut self.closed, gap, Rank::Least, &mut self.bytes);
        let least = (SIDE_SHARE * self.unit).powi(2);
        for (number, group) in groups.found.iter().enumerate() {
            if !has_soft[number + 1] || (group.count as f32) < least {
                continue;
            }
            if let Some(inside) = self.find_inside(view, &rough.hue, &groups, number) {
                let label = number as u32 + 1;
                let least_around =
                    if inside > OPAQUE_INSIDE * OPAQUE { OPAQUE_AROUND * OPAQUE } else { inside - INSIDE_LESS * OPAQUE };
                for row in group.top..=group.bottom {
                    for index in row * columns + group.left..=row * columns + group.right {
                        if groups.label[index] == label && f32::from(self.low.cells[index]) >= least_around {
                            rough.class.cells[index] = CORE;
                        }
                    }
                }
            }
        }
    }

    /// A body's mean alpha by hue, in steps; none where it is no body.
    fn find_inside(&self, view: &View, hue: &Plane<u8>, groups: &Groups, number: usize) -> Option<f32> {
        let (group, label) = (groups.found[number], number as u32 + 1);
        let (columns, rows) = (hue.columns, hue.rows);
        let reach = self.blocks(2.0 * EDGE_SHARE).max(4);
        let (left, right) = (group.left.saturating_sub(reach), (group.right + reach).min(columns - 1));
        let (top, bottom) = (group.top.saturating_sub(reach), (group.bottom + reach).min(rows - 1));
        let mut own = Plane::new(right - left + 1, bottom - top + 1, 0_u8);
        let mut sum = 0.0;
        for row in top..=bottom {
            for column in left..=right {
                let index = row * columns + column;
                if groups.label[index] == label {
                    own.cells[(row - top) * own.columns + column - left] = 1;
                    sum += f32::from(hue.cells[index]);
                }
            }
        }
        let inside = sum / group.count as f32;
        if follows_the_screen(view, hue, groups, number, inside / OPAQUE) {
            return None;
        }
        let (mut edge, mut around) = (own.clone(), own);
        let mut bytes = Vec::new();
        let (near, far) = (self.blocks(EDGE_SHARE).max(2), self.blocks(2.0 * EDGE_SHARE).max(4));
        rank(&mut edge, near, Rank::Largest, &mut bytes);
        rank(&mut around, far, Rank::Largest, &mut bytes);
        let (mut border, mut soft) = (0_usize, 0_usize);
        for (place, (edge, around)) in edge.cells.iter().zip(&around.cells).enumerate() {
            if *edge == 0 && *around > 0 {
                let index = (top + place / edge_columns(left, right)) * columns + left + place % edge_columns(left, right);
                let closed = f32::from(self.closed.cells[index]);
                let is_between = closed > SOFT_PART.0 * inside && closed < SOFT_PART.1 * inside;
                soft += usize::from(is_between && !self.flat[index]);
                border += 1;
            }
        }
        ((soft as f32) < SOFT_MAX * border as f32).then_some(inside)
    }
}

const fn edge_columns(left: usize, right: usize) -> usize {
    right - left + 1
}

/// Shading scales the colour of an opaque body as a whole, so chroma and luma vary along a line through black. Behind a
/// translucent one the screen stays as it is: the line passes through the screen's share instead.
fn follows_the_screen(view: &View, hue: &Plane<u8>, groups: &Groups, number: usize, alpha: f32) -> bool {
    let (group, label) = (groups.found[number], number as u32 + 1);
    let mut sums = [0.0_f64; 5];
    let mut screen = [0.0_f64; 2];
    for row in group.top..=group.bottom {
        for index in row * hue.columns + group.left..=row * hue.columns + group.right {
            if groups.label[index] == label {
                let (y, p) = (f64::from(view.scratch.soft[0].cells[index]), f64::from(view.scratch.soft[1].cells[index]));
                for (sum, value) in sums.iter_mut().zip([y, p, y * y, y * p, 1.0]) {
                    *sum += value;
                }
                screen[0] += f64::from(view.plate[0].cells[index]);
                screen[1] += f64::from(view.plate[1].cells[index]);
            }
        }
    }
    let [y, p, square, both, count] = sums;
    let (y, p) = (y / count, p / count);
    let variance = square / count - y * y;
    if variance < f64::from(SHADING_MIN) {
        return false;
    }
    let slope = (both / count - y * p) / variance;
    let seen_through = 1.0 - f64::from(alpha.clamp(0.0, 1.0));
    let opaque = p / y.max(8.0);
    let rest = y - seen_through * screen[0] / count;
    let translucent = (p - seen_through * screen[1] / count) / rest.max(8.0);
    (slope - translucent).abs() < (slope - opaque).abs()
}
