//! Static regions: the set beside the screen, for a garbage matte, and black bars.
//!
//! Constants are tuned on generator seeds 1 and 7; bars and partial screens on clips with
//! those.

use crate::bars::Bars;
use crate::blocks::{Blocks, color_at};
use crate::clean_plate::PlateSamples;
use crate::color::subtract;
use crate::components::Components;
use crate::foreground_model::length;
use crate::plane::{Plane, dilate, erode};
use crate::screen_mask::ScreenStats;
use crate::tracking_marks::TemporalMedian;
use crate::trimap::hue_alpha_of;

/// Least hue alpha of a static block, and least mean of a region.
const HUE_ALPHA_MIN: f32 = 0.12;
const REGION_HUE_ALPHA_MIN: f32 = 0.6;
/// Least side of a region, if it were a square. Units: share of the picture's height.
const SIDE_SHARE: f32 = 0.05;
/// Half of the widest gap in a region that is closed. Units: share of the picture's height.
const GAP_SHARE: f32 = 0.015;
/// Largest side of a part that the set encloses, if it were a square. Units: share of the picture's
/// height.
const ENCLOSED_SIDE_SHARE: f32 = 0.25;
/// Least difference from the plate of most of its blocks. Units: of 255, L1 norm.
const ENCLOSED_DIFFERENCE_MIN: f32 = 24.0;
/// Distance from a region at which its surroundings are looked at. Units: share of the picture's
/// height; blocks.
const SURROUNDINGS_SHARE: f32 = 0.025;
const SURROUNDINGS_MIN: usize = 4;
/// Least share of the surroundings that must show screen.
const AMID_SCREEN_SHARE_MIN: f32 = 0.8;
/// No static region.
pub const NO_REGION: u8 = 0;
/// Set beside the screen that does not reach the lower border: lamps, microphones.
pub const SET: u8 = 1;
/// Black bar: clear.
pub const BAR: u8 = 2;
/// Static region that touches only the lower border: opaque, since it may be a subject that hardly
/// moves.
pub const MAYBE_SUBJECT: u8 = 3;
/// Set beside the screen that reaches the lower border or adjoins something else than screen:
/// walls, furniture, the floor.
pub const STANDING_SET: u8 = 4;

/// Labels the static regions; only bars where there are too few samples.
pub fn find_static_regions(
    plate_samples: &PlateSamples<'_>,
    temporal_median: &TemporalMedian,
    stats: &ScreenStats,
    plate: &Blocks,
) -> Plane<u8> {
    let (columns, rows) = (plate[0].columns, plate[0].rows);
    let mut static_regions = Plane::new(columns, rows, NO_REGION);
    let bars = Bars::find(plate_samples, columns, rows);
    let mut alpha = vec![0.0_f32; columns * rows];
    let mut is_set = Plane::new(columns, rows, 0_u8);
    if plate_samples.samples.len() >= SAMPLES_MIN {
        let mut screen_like = vec![0; columns];
        for row in 0..rows {
            plate_samples.write_masks(plate_samples.screen_like, row, &mut screen_like);
            for (column, screen_like) in screen_like.iter().enumerate() {
                let index = row * columns + column;
                alpha[index] = hue_alpha_of(temporal_median.medians[index], color_at(plate, index));
                is_set.cells[index] =
                    u8::from(temporal_median.is_static[index] && *screen_like == 0 && alpha[index] > HUE_ALPHA_MIN);
            }
        }
        let marked: Vec<bool> = is_set.cells.iter().map(|is_set| *is_set > 0).collect();
        let components = Components::of(&marked, columns);
        let mut sums = vec![0.0_f32; components.list.len() + 1];
        for (id, alpha) in components.ids.iter().zip(&alpha) {
            sums[*id as usize] += alpha.min(1.0);
        }
        let is_amid_screen =
            find_amid_screen(plate_samples, &components, columns, stats.blocks(SURROUNDINGS_SHARE).max(SURROUNDINGS_MIN));
        let count_min = (SIDE_SHARE * stats.height_blocks).powi(2);
        let region_of = |id: usize| {
            let Some(component) = id.checked_sub(1).and_then(|number| components.list.get(number)) else { return NO_REGION };
            if (component.count as f32) < count_min || sums[id] <= REGION_HUE_ALPHA_MIN * component.count as f32 {
                NO_REGION
            } else if component.left <= bars.left || component.top <= bars.top || component.right + bars.right + 1 >= columns {
                if component.bottom + bars.bottom + 1 >= rows || !is_amid_screen[id] { STANDING_SET } else { SET }
            } else if component.bottom + bars.bottom + 1 >= rows {
                // A subject that hardly moves stands on the lower border too.
                MAYBE_SUBJECT
            } else {
                NO_REGION
            }
        };
        let regions: Vec<u8> = (0..=components.list.len()).map(region_of).collect();
        for (region, id) in static_regions.cells.iter_mut().zip(&components.ids) {
            *region = regions[*id as usize];
        }
        close_gaps(&mut static_regions, stats.blocks(GAP_SHARE));
        let differs =
            |index: usize| length(subtract(temporal_median.medians[index], color_at(plate, index))) > ENCLOSED_DIFFERENCE_MIN;
        fill_enclosed(&mut static_regions, differs, (ENCLOSED_SIDE_SHARE * stats.height_blocks).powi(2));
    }
    bars.mark(&mut static_regions);
    static_regions
}

/// Of each component by number, whether screen is visible in some sample nearly everywhere around
/// it: what adjoins a subject may be a part of it that happens to hold still.
fn find_amid_screen(plate_samples: &PlateSamples<'_>, components: &Components, columns: usize, reach: usize) -> Vec<bool> {
    let rows = components.ids.len() / columns;
    let mut screen_like = vec![0; columns];
    let mut counts = vec![(0_usize, 0_usize); components.list.len() + 1];
    for row in 0..rows {
        plate_samples.write_masks(plate_samples.screen_like, row, &mut screen_like);
        for (column, screen_like) in screen_like.iter().enumerate() {
            let index = row * columns + column;
            if components.ids[index] != 0 {
                continue;
            }
            let is_screen = *screen_like != 0;
            // Each block at that distance, with the one before it, which must lie outside.
            let near = [
                (column >= reach).then(|| (index - reach, index - reach + 1)),
                (column + reach < columns).then(|| (index + reach, index + reach - 1)),
                (row >= reach).then(|| (index - reach * columns, index - (reach - 1) * columns)),
                (row + reach < rows).then(|| (index + reach * columns, index + (reach - 1) * columns)),
            ];
            for (near, before) in near.into_iter().flatten() {
                if components.ids[near] != components.ids[before] {
                    let (screen, all) = &mut counts[components.ids[near] as usize];
                    *screen += usize::from(is_screen);
                    *all += 1;
                }
            }
        }
    }
    counts.into_iter().map(|(screen, all)| screen as f32 >= all as f32 * AMID_SCREEN_SHARE_MIN).collect()
}

/// Closes narrow gaps of each region, where colours of the set mix to that of the screen; leaves
/// out its rim.
fn close_gaps(static_regions: &mut Plane<u8>, radius: usize) {
    let regions = static_regions.clone();
    static_regions.cells.fill(NO_REGION);
    for kind in [SET, STANDING_SET, MAYBE_SUBJECT] {
        let mut marked = regions.clone();
        for marked in &mut marked.cells {
            *marked = u8::from(*marked == kind);
        }
        let mut bytes = Vec::new();
        dilate(&mut marked, radius, &mut bytes);
        erode(&mut marked, radius + 1, &mut bytes);
        for (region, marked) in static_regions.cells.iter_mut().zip(&marked.cells) {
            if *marked > 0 {
                *region = kind;
            }
        }
    }
}

/// Makes set of what the set encloses, unless it is large or has the colour of the screen.
fn fill_enclosed(static_regions: &mut Plane<u8>, differs: impl Fn(usize) -> bool, count_max: f32) {
    let (columns, rows) = (static_regions.columns, static_regions.rows);
    let marked: Vec<bool> = static_regions.cells.iter().map(|region| *region == NO_REGION).collect();
    let components = Components::of(&marked, columns);
    let mut different = vec![0; components.list.len() + 1];
    let mut is_enclosed = vec![true; components.list.len() + 1];
    let mut enclosing = vec![NO_REGION; components.list.len() + 1];
    for (id, row, run) in components.runs(columns) {
        different[id] += run.clone().filter(|column| differs(row * columns + column)).count();
        let near = run.start().saturating_sub(1)..(run.end() + 2).min(columns);
        for near in static_regions.three_rows(row).map(|row| &row[near.clone()]) {
            is_enclosed[id] &= near.iter().all(|region| matches!(*region, NO_REGION | SET | STANDING_SET));
            enclosing[id] = near.iter().fold(enclosing[id], |found, region| found.max(*region));
        }
        is_enclosed[id] &= row > 0 && row + 1 < rows && *run.start() > 0 && run.end() + 1 < columns;
    }
    for (id, row, run) in components.runs(columns) {
        let count = components.list[id - 1].count;
        if is_enclosed[id] && count as f32 <= count_max && different[id] * 2 > count {
            static_regions.row_mut(row)[run].fill(enclosing[id]);
        }
    }
}

/// Least number of samples that show whether a block is static.
const SAMPLES_MIN: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    /// Set on the left, screen on the right.
    fn set_and_screen() -> Plane<u8> {
        let mut regions = Plane::new(40, 30, NO_REGION);
        for row in 0..30 {
            regions.row_mut(row)[..24].fill(SET);
        }
        regions
    }

    #[test]
    fn a_narrow_gap_in_the_set_is_closed_and_the_screen_beside_it_is_not() {
        let mut regions = set_and_screen();
        for row in 10..12 {
            regions.row_mut(row)[..20].fill(NO_REGION);
        }
        close_gaps(&mut regions, 1);
        assert!((0..30).all(|row| regions.row(row)[..23].iter().all(|region| *region == SET)));
        assert!((0..30).all(|row| regions.row(row)[23..].iter().all(|region| *region == NO_REGION)));
    }

    #[test]
    fn set_encloses_set_unless_it_shows_the_screen_or_is_large() {
        let mut regions = set_and_screen();
        for row in 4..10 {
            regions.row_mut(row)[4..10].fill(NO_REGION);
            regions.row_mut(row + 10)[4..10].fill(NO_REGION);
        }
        fill_enclosed(&mut regions, |index| index < 40 * 12, 100.0);
        assert_eq!([regions.row(7)[7], regions.row(17)[7], regions.row(7)[30]], [SET, NO_REGION, NO_REGION]);
        fill_enclosed(&mut regions, |_| true, 20.0);
        assert_eq!([regions.row(17)[7], regions.row(7)[30]], [NO_REGION, NO_REGION]);
        fill_enclosed(&mut regions, |_| true, 100.0);
        assert_eq!([regions.row(17)[7], regions.row(7)[30]], [SET, NO_REGION]);
    }
}
