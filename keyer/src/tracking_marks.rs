//! Temporal median of the samples, and the tracking marks that it shows on the screen.
//!
//! Constants are tuned on generator seeds 1 and 7, all kinds, and on a clip with marks of the
//! screen's hue.

use crate::blocks::{Blocks, color_at};
use crate::clean_plate::{PlateSamples, SAMPLES_MAX};
use crate::color::subtract;
use crate::components::Components;
use crate::sample_rows::{LANES, SampleRows};
use crate::screen_mask::ScreenStats;
use crate::screen_space::Ypq;

/// Largest size of a tracking mark. Units: share of the picture's height.
const MARK_SHARE: f32 = 0.08;
/// Least share of the samples that show a mark, and least share of the ring around it that is
/// screen.
const MARK_SAMPLES_SHARE: f32 = 0.55;
const MARK_RING_SHARE: f32 = 0.7;
/// A sample is near the median or the plate within so many deviations of the noise plus a constant.
/// Units: deviations; of 255.
const NEAR_MEDIAN: (f32, f32) = (5.0, 5.0);
const NEAR_PLATE: (f32, f32) = (3.0, 2.0);
/// Least difference of a mark from the plate, and largest of the screen around it: so many
/// deviations of the noise plus a constant. Units: deviations; of 255.
const FAR_DEVIATIONS: f32 = 4.0;
const MARK_DIFFERENCE_MIN: f32 = 4.0;
const SCREEN_DIFFERENCE_MAX: f32 = 7.5;
/// Least number of samples that show whether a mark is static.
const SAMPLES_MIN: usize = 4;

/// Temporal median of each block.
#[derive(Debug)]
pub struct TemporalMedian {
    pub medians: Vec<Ypq>,
    /// Whether nearly all samples are near the median.
    pub is_static: Vec<bool>,
    /// Whether more than half of the samples are near the median and hardly any near the plate.
    is_mark: Vec<bool>,
}

impl TemporalMedian {
    pub fn find(plate_samples: &PlateSamples<'_>, stats: &ScreenStats, plate: &Blocks) -> Self {
        let (columns, count) = (plate[0].columns, plate[0].cells.len());
        let total = plate_samples.samples.len().min(SAMPLES_MAX);
        let mut temporal_median =
            Self { medians: Vec::with_capacity(count), is_static: Vec::with_capacity(count), is_mark: Vec::with_capacity(count) };
        let all = [u16::MAX >> (SAMPLES_MAX - total); LANES];
        let mut sample_rows = SampleRows::new(total, columns);
        let is_within = |difference: Ypq, (deviations, constant): (f32, f32)| {
            (0..3).all(|channel| difference[channel].abs() < deviations * stats.noise[channel] + constant)
        };
        for row in 0..plate[0].rows {
            sample_rows.read(plate_samples, row);
            for first in (0..columns).step_by(LANES) {
                let [y, p, q] = sample_rows.medians(first, &all);
                for lane in 0..LANES.min(columns - first) {
                    let (median, column) = ([y[lane], p[lane], q[lane]], first + lane);
                    let screen = color_at(plate, row * columns + column);
                    let (mut near_median, mut near_plate) = (0, 0);
                    for bit in 0..total {
                        let observed = sample_rows.at(bit, column);
                        near_median += usize::from(is_within(subtract(observed, median), NEAR_MEDIAN));
                        near_plate += usize::from(is_within(subtract(observed, screen), NEAR_PLATE));
                    }
                    temporal_median.medians.push(median);
                    temporal_median.is_static.push(near_median * 8 >= total * 7);
                    temporal_median
                        .is_mark
                        .push(near_median as f32 > MARK_SAMPLES_SHARE * total as f32 && near_plate <= total / 8);
                }
            }
        }
        temporal_median
    }
}

/// Adds tracking marks to the plate: small static components surrounded by screen.
pub fn add_marks(plate_samples: &PlateSamples<'_>, temporal_median: &TemporalMedian, stats: &ScreenStats, plate: &mut Blocks) {
    if plate_samples.samples.len() < SAMPLES_MIN {
        return;
    }
    let (columns, rows) = (plate[0].columns, plate[0].rows);
    let count = columns * rows;
    let (mut is_deviating, mut is_screen) = (vec![false; count], vec![false; count]);
    for index in 0..count {
        let median = temporal_median.medians[index];
        let far = |limit: f32| {
            (0..3).any(|channel| {
                (median[channel] - plate[channel].cells[index]).abs() > FAR_DEVIATIONS * stats.noise[channel] + limit
            })
        };
        is_deviating[index] = temporal_median.is_mark[index] && far(MARK_DIFFERENCE_MIN);
        is_screen[index] = !far(SCREEN_DIFFERENCE_MAX);
    }
    let components = Components::of(&is_deviating, columns);
    let limit = stats.blocks(MARK_SHARE);
    for (number, component) in components.list.iter().enumerate() {
        if component.count < 2 || (component.right - component.left).max(component.bottom - component.top) >= limit {
            continue;
        }
        let (mut ring, mut screen, mut inside) = (0, 0, Vec::new());
        for y in component.top.saturating_sub(2)..=(component.bottom + 2).min(rows - 1) {
            for x in component.left.saturating_sub(2)..=(component.right + 2).min(columns - 1) {
                let index = y * columns + x;
                match distance_to(&components.ids, number as u32 + 1, (x, y), columns, rows) {
                    0 | 1 if temporal_median.is_mark[index] => inside.push(index),
                    2 => {
                        ring += 1;
                        screen += usize::from(is_screen[index]);
                    }
                    _ => {}
                }
            }
        }
        if ring > 0 && screen as f32 > MARK_RING_SHARE * ring as f32 {
            for index in inside {
                for (plane, median) in plate.iter_mut().zip(temporal_median.medians[index]) {
                    plane.cells[index] = median;
                }
            }
        }
    }
}

/// Distance of a block from a component, 0 to 2; 3 if farther. Units: blocks.
fn distance_to(ids: &[u32], number: u32, (x, y): (usize, usize), columns: usize, rows: usize) -> usize {
    let is_within = |reach: usize| {
        (y.saturating_sub(reach)..=(y + reach).min(rows - 1)).any(|near_y| {
            (x.saturating_sub(reach)..=(x + reach).min(columns - 1)).any(|near_x| ids[near_y * columns + near_x] == number)
        })
    };
    (0..=2).find(|reach| is_within(*reach)).unwrap_or(3)
}
