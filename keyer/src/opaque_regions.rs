//! Core of opaque subjects whose colour is near the screen's: regions of even hue alpha with sharp
//! edges. Smoke, glass and motion blur have gradual edges and show the screen behind them.
//!
//! Constants are tuned on generator seeds 1 and 7, all kinds, and on a clip of denim before blue.

use crate::components::Components;
use crate::plane::{Plane, dilate, dilate_into, dilate_within, erode_into, erode_within};
use crate::plate_comparison::PlateComparison;
use crate::trimap::{CORE, OPAQUE, Trimap, UNCERTAIN};

/// Least hue alpha in a region, and largest range of it in a block's neighbourhood.
const HUE_ALPHA_MIN: f32 = 0.5;
const HUE_ALPHA_RANGE_MAX: f32 = 0.12;
/// Radius of the evenness filter, least side of a region's area, and widest gap that is closed
/// around it. Units: share of the picture's height.
const EVEN_RADIUS_SHARE: f32 = 0.006;
const SIDE_SHARE: f32 = 0.025;
const GAP_SHARE: f32 = 0.014;
/// Width of an edge; in a ring as wide around it, the largest share of blocks with gradual alpha.
/// Units: width, share of the picture's height; share of the ring.
const EDGE_SHARE: f32 = 0.006;
const GRADUAL_SHARE_MAX: f32 = 0.3;
/// Blocks whose neighbourhood is below the region's mean by this belong to its edge. Units: alpha.
const EDGE_ALPHA_DROP: f32 = 0.12;
/// Range of gradual alpha. Units: share of the region's mean.
const GRADUAL_RANGE: (f32, f32) = (0.2, 0.95);
/// From this mean alpha on a region is opaque without help, and blocks whose neighbourhood is below
/// the second are left to estimation: motion blur begins there.
const OPAQUE_MEAN_MIN: f32 = 0.93;
const OPAQUE_NEIGHBOURHOOD_MIN: f32 = 0.97;
/// Least luma variance of a region whose shading is compared. Units: variance, of 255.
const SHADING_VARIANCE_MIN: f32 = 12.0;

/// Finds opaque regions and adds them to the core.
#[derive(Debug, Clone)]
pub struct OpaqueRegions {
    min_alpha: Plane<u8>,
    max_alpha: Plane<u8>,
    closed: Plane<u8>,
    is_even: Plane<bool>,
    components: Components,
    bytes: Vec<u8>,
    height_blocks: f32,
}

impl OpaqueRegions {
    pub fn new(columns: usize, rows: usize, height_blocks: f32) -> Self {
        let plane = Plane::new(columns, rows, 0);
        Self {
            min_alpha: plane.clone(),
            max_alpha: plane.clone(),
            closed: plane,
            is_even: Plane::new(columns, rows, false),
            components: Components::default(),
            bytes: Vec::new(),
            height_blocks,
        }
    }

    fn blocks(&self, share: f32) -> usize {
        (share * self.height_blocks).round().max(1.0) as usize
    }

    /// Labels even regions with sharp edges as core.
    pub fn label_core(&mut self, comparison: &PlateComparison, trimap: &mut Trimap) {
        let hue_alpha = &trimap.hue_alpha;
        let radius = self.blocks(EVEN_RADIUS_SHARE);
        erode_into(hue_alpha, &trimap.area, radius, &mut self.bytes, &mut self.min_alpha);
        dilate_into(hue_alpha, &trimap.area, radius, &mut self.bytes, &mut self.max_alpha);
        let steps = |alpha: f32| (alpha * OPAQUE) as u8;
        let (limit, opaque, least) = (steps(HUE_ALPHA_RANGE_MAX), steps(1.0), steps(HUE_ALPHA_MIN));
        self.is_even.cells.fill(false);
        for row in trimap.area.rows.clone() {
            let range = |plane| trimap.area.row(plane, row).iter();
            let ranges = range(&self.min_alpha).zip(range(&self.max_alpha)).zip(range(hue_alpha));
            for (is_even, ((min_alpha, max_alpha), hue_alpha)) in
                trimap.area.row_mut(&mut self.is_even, row).iter_mut().zip(ranges)
            {
                let range = (*max_alpha).min(opaque).saturating_sub((*min_alpha).min(opaque));
                *is_even = range < limit && *hue_alpha > least;
            }
        }
        let columns = hue_alpha.columns;
        let mut components = std::mem::take(&mut self.components);
        components.update(&self.is_even.cells, columns);
        self.label_opaque(comparison, trimap, &components);
        self.components = components;
    }

    /// Labels the components that are opaque as core.
    fn label_opaque(&mut self, comparison: &PlateComparison, trimap: &mut Trimap, components: &Components) {
        let columns = trimap.labels.columns;
        let mut has_uncertain = vec![false; components.list.len() + 1];
        for (id, row, run) in components.runs(columns) {
            has_uncertain[id] = has_uncertain[id] || trimap.labels.row(row)[run].contains(&UNCERTAIN);
        }
        let count_min = (SIDE_SHARE * self.height_blocks).powi(2);
        for (component, has_uncertain) in components.list.iter().zip(&mut has_uncertain[1..]) {
            *has_uncertain &= component.count as f32 >= count_min;
        }
        if !has_uncertain[1..].iter().any(|has_uncertain| *has_uncertain) {
            return;
        }
        let gap = self.blocks(GAP_SHARE);
        self.closed.cells.copy_from_slice(&trimap.hue_alpha.cells);
        dilate_within(&mut self.closed, &trimap.area, gap, &mut self.bytes);
        erode_within(&mut self.closed, &trimap.area, gap, &mut self.bytes);
        for (number, component) in components.list.iter().enumerate().filter(|(number, _)| has_uncertain[number + 1]) {
            if let Some(mean_alpha) = self.opaque_mean_alpha(comparison, &trimap.hue_alpha, components, number) {
                let id = number as u32 + 1;
                let neighbourhood_min = if mean_alpha > OPAQUE_MEAN_MIN * OPAQUE {
                    // A subject of the opposite hue has more than 1; so has much of its edge.
                    OPAQUE_NEIGHBOURHOOD_MIN * mean_alpha.max(OPAQUE)
                } else {
                    mean_alpha - EDGE_ALPHA_DROP * OPAQUE
                };
                for row in component.top..=component.bottom {
                    for index in row * columns + component.left..=row * columns + component.right {
                        if components.ids[index] == id && f32::from(self.min_alpha.cells[index]) >= neighbourhood_min {
                            trimap.labels.cells[index] = CORE;
                        }
                    }
                }
            }
        }
    }

    /// Mean hue alpha of a region, in steps; none where it is not opaque.
    fn opaque_mean_alpha(
        &self,
        comparison: &PlateComparison,
        hue_alpha: &Plane<u8>,
        components: &Components,
        number: usize,
    ) -> Option<f32> {
        let (component, id) = (components.list[number], number as u32 + 1);
        let (columns, rows) = (hue_alpha.columns, hue_alpha.rows);
        let reach = self.blocks(2.0 * EDGE_SHARE).max(4);
        let (left, right) = (component.left.saturating_sub(reach), (component.right + reach).min(columns - 1));
        let (top, bottom) = (component.top.saturating_sub(reach), (component.bottom + reach).min(rows - 1));
        let mut mask = Plane::new(right - left + 1, bottom - top + 1, 0_u8);
        let mut sum = 0.0;
        for row in top..=bottom {
            for column in left..=right {
                let index = row * columns + column;
                if components.ids[index] == id {
                    mask.cells[(row - top) * mask.columns + column - left] = 1;
                    sum += f32::from(hue_alpha.cells[index]);
                }
            }
        }
        let mean_alpha = sum / component.count as f32;
        if is_translucent(comparison, hue_alpha, components, number, mean_alpha / OPAQUE) {
            return None;
        }
        let (mut edge, mut around) = (mask.clone(), mask);
        let mut bytes = Vec::new();
        let (near, far) = (self.blocks(EDGE_SHARE).max(2), self.blocks(2.0 * EDGE_SHARE).max(4));
        dilate(&mut edge, near, &mut bytes);
        dilate(&mut around, far, &mut bytes);
        let (mut border, mut gradual) = (0_usize, 0_usize);
        for (place, (edge, around)) in edge.cells.iter().zip(&around.cells).enumerate() {
            if *edge == 0 && *around > 0 {
                let index = (top + place / ring_columns(left, right)) * columns + left + place % ring_columns(left, right);
                let closed = f32::from(self.closed.cells[index]);
                let is_between = closed > GRADUAL_RANGE.0 * mean_alpha && closed < GRADUAL_RANGE.1 * mean_alpha;
                gradual += usize::from(is_between && !self.is_even.cells[index]);
                border += 1;
            }
        }
        ((gradual as f32) < GRADUAL_SHARE_MAX * border as f32).then_some(mean_alpha)
    }
}

const fn ring_columns(left: usize, right: usize) -> usize {
    right - left + 1
}

/// True if the shading of a region shows that it is translucent. Regression line of chroma on luma:
/// through black for an opaque colour, through the screen's contribution for a translucent one.
fn is_translucent(
    comparison: &PlateComparison,
    hue_alpha: &Plane<u8>,
    components: &Components,
    number: usize,
    alpha: f32,
) -> bool {
    let (component, id) = (components.list[number], number as u32 + 1);
    let mut sums = [0.0_f64; 5];
    let mut screen = [0.0_f64; 2];
    for row in component.top..=component.bottom {
        for index in row * hue_alpha.columns + component.left..=row * hue_alpha.columns + component.right {
            if components.ids[index] == id {
                let [y, p, _] = comparison.blurred_at(index).map(f64::from);
                for (sum, value) in sums.iter_mut().zip([y, p, y * y, y * p, 1.0]) {
                    *sum += value;
                }
                screen[0] += f64::from(comparison.plate[0].cells[index]);
                screen[1] += f64::from(comparison.plate[1].cells[index]);
            }
        }
    }
    let [y, p, square, product, count] = sums;
    let (y, p) = (y / count, p / count);
    let variance = square / count - y * y;
    if variance < f64::from(SHADING_VARIANCE_MIN) {
        return false;
    }
    let slope = (product / count - y * p) / variance;
    let screen_share = 1.0 - f64::from(alpha.clamp(0.0, 1.0));
    let opaque = p / y.max(8.0);
    let rest = y - screen_share * screen[0] / count;
    let translucent = (p - screen_share * screen[1] / count) / rest.max(8.0);
    (slope - translucent).abs() < (slope - opaque).abs()
}
