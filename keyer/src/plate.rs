//! The clean plate: what each block shows when it shows screen, from all samples of a shot.

use crate::classes::{Blocks, LUMA_MIN, Look};
use crate::color::{Ypq, scaled};
use crate::grid::Grid;
use crate::hue_field::{Candidate, hue_field};
use crate::plane::{Groups, Plane};
use crate::sample::{Sample, turned};

/// Samples of a shot, at most: one bit each.
pub const SAMPLES_MAX: usize = 16;
/// A block's samples stray at most this much where the camera stands still: deviations of noise, and more. Units: of 255.
const STILL_DEVIATIONS: f32 = 3.0;
const STILL_MORE: f32 = 2.0;
/// A still block is plate if its chromaticity is this near to that of the screen around it: share of the screen's.
const STILL_HUE: f32 = 0.08;
/// A sample is veiled if its chromaticity is lower than in the best samples (this rank of them) by more than a share of the
/// screen's and these deviations of noise; chroma across the hue counts this much.
const VEIL_RANK: f32 = 0.75;
const VEIL_SHARE: f32 = 0.015;
const VEIL_DEVIATIONS: f32 = 2.0;
const VEIL_ACROSS: f32 = 0.5;
/// Fixed marks on the screen are smaller than this. Units: share of the picture's height.
const MARK_SHARE: f32 = 0.08;
/// A mark is there in this share of the samples, and this share of the ring around it is screen.
const MARK_SEEN: f32 = 0.55;
const MARK_RING: f32 = 0.7;

/// The samples of a shot, each with its own brightness, and in which of them a block is screen.
#[derive(Debug)]
pub struct Evidence<'a> {
    pub samples: &'a [Sample],
    /// Brightness of each sample's blocks against the plate, in steps; none while no plate is known.
    pub shades: &'a [Vec<u16>],
    pub hue: [f32; 2],
    /// A bit per sample.
    pub sure: &'a [u16],
    pub like: &'a [u16],
}

/// Steps of a kept shade per unit.
pub const SHADE_UNIT: f32 = 8192.0;

impl Evidence<'_> {
    /// A sample's block in the plate's light.
    fn lit(&self, bit: usize, index: usize) -> Ypq {
        let seen = turned(self.samples[bit].at(index), self.hue);
        self.shades.get(bit).map_or(seen, |shades| scaled(seen, SHADE_UNIT / f32::from(shades[index].max(1))))
    }

    /// The median of a block's samples in `mask`, and their median deviation.
    fn median(&self, index: usize, mask: u16) -> (Ypq, Ypq) {
        let mut values = [[0.0_f32; SAMPLES_MAX]; 3];
        let mut count = 0;
        for bit in 0..self.samples.len() {
            if mask >> bit & 1 == 1 {
                for (values, seen) in values.iter_mut().zip(self.lit(bit, index)) {
                    values[count] = seen;
                }
                count += 1;
            }
        }
        let (mut middle, mut spread) = ([0.0; 3], [0.0; 3]);
        for ((values, middle), spread) in values.iter_mut().zip(&mut middle).zip(&mut spread) {
            let values = &mut values[..count];
            *middle = median_of(values);
            for value in values.iter_mut() {
                *value = (*value - *middle).abs();
            }
            *spread = median_of(values) * 1.4826;
        }
        (middle, spread)
    }

    /// Of the samples in `mask`, those that are as screen-like as the best: a veil takes chroma away and never adds any.
    fn unveiled(&self, index: usize, mask: u16, look: &Look) -> u16 {
        let mut along = [0.0_f32; SAMPLES_MAX];
        let mut sorted = [0.0_f32; SAMPLES_MAX];
        let (mut count, mut luma_sum) = (0, 0.0);
        for (bit, sample) in self.samples.iter().enumerate() {
            if mask >> bit & 1 == 1 {
                let [y, p, q] = turned(sample.at(index), self.hue);
                let luma = y.max(LUMA_MIN);
                along[bit] = (p - q.abs() * VEIL_ACROSS) / luma;
                sorted[count] = along[bit];
                count += 1;
                luma_sum += luma;
            }
        }
        if count < 3 {
            return mask;
        }
        let rank = ((count - 1) as f32 * VEIL_RANK).round() as usize;
        let best = *sorted[..count].select_nth_unstable_by(rank, f32::total_cmp).1;
        let stray = look.noise[1].hypot(look.noise[0] * look.chromaticity) * count as f32 / luma_sum;
        let least = best - VEIL_SHARE * look.chromaticity - VEIL_DEVIATIONS * stray;
        (0..self.samples.len()).filter(|bit| mask >> bit & 1 == 1 && along[*bit] >= least).fold(0, |kept, bit| kept | 1 << bit)
    }

    fn seen_mask(&self) -> u16 {
        u16::try_from((1_u32 << self.samples.len().min(SAMPLES_MAX)) - 1).unwrap_or(u16::MAX)
    }
}

/// The median; 0 of nothing.
pub fn median_of(values: &mut [f32]) -> f32 {
    let (count, middle) = (values.len(), values.len() / 2);
    if count == 0 {
        return 0.0;
    }
    let (below, upper, _) = values.select_nth_unstable_by(middle, f32::total_cmp);
    let upper = *upper;
    if count % 2 == 1 { upper } else { (upper + below.iter().copied().fold(f32::MIN, f32::max)) * 0.5 }
}

/// Where the camera stands still, the median over time of everything screen-like, creases and seams with their sharp edges
/// included; elsewhere the median of what is surely screen; and what no sample shows is spread from the surroundings.
pub fn clean_plate(evidence: &Evidence<'_>, look: &Look, columns: usize, rows: usize) -> (Blocks, Vec<bool>) {
    let mut grid = Grid::over(columns, rows, 1);
    for (index, (cell, mask)) in grid.cells.iter_mut().zip(evidence.sure).enumerate() {
        let weight = (mask.count_ones() as f32 * 0.5).min(1.0);
        if weight > 0.0 {
            let [y, p, q] = evidence.median(index, evidence.unveiled(index, *mask, look)).0;
            *cell = [y * weight, p * weight, q * weight, weight];
        }
    }
    drop_veiled(&mut grid, look);
    let mut rough = grid.clone();
    rough.fill(0.9);
    let needed = (evidence.samples.len() / 4).max(3);
    let mut is_still = vec![false; columns * rows];
    for (index, (cell, mask)) in grid.cells.iter_mut().zip(evidence.like).enumerate() {
        if (mask.count_ones() as usize) < needed {
            continue;
        }
        let (middle, spread) = evidence.median(index, evidence.unveiled(index, *mask, look));
        let is_calm = spread.iter().zip(look.noise).all(|(spread, noise)| *spread < STILL_DEVIATIONS * noise + STILL_MORE);
        if is_calm && is_of_hue(middle, rough.cells[index], look) {
            *cell = [middle[0], middle[1], middle[2], 1.0];
            is_still[index] = true;
        }
    }
    grid.fill(0.9);
    let plane = |channel: usize| Plane { columns, rows, cells: grid.cells.iter().map(|cell| cell[channel]).collect() };
    ([plane(0), plane(1), plane(2)], is_still)
}

/// Drops what differs in hue from the screen around it: veils that were taken for screen.
fn drop_veiled(grid: &mut Grid, look: &Look) {
    let mut candidates = Vec::new();
    for (index, [y, p, q, weight]) in grid.cells.iter().enumerate() {
        if *weight > 0.0 {
            let luma = (y / weight).max(LUMA_MIN);
            let (column, row) = (index % grid.columns, index / grid.columns);
            let stray = look.noise[1].hypot(look.noise[2]) / luma;
            candidates.push(Candidate { column, row, along: p / weight / luma, across: q / weight / luma, stray });
        }
    }
    let Some(field) = hue_field(&candidates, (grid.columns, grid.rows), look.unit, look.chromaticity) else { return };
    for candidate in candidates {
        let around = field.at_block(candidate.column, candidate.row);
        let apart = (candidate.along - around[0]).hypot(candidate.across - around[1]);
        if apart > STILL_HUE * look.chromaticity + candidate.stray {
            grid.cells[candidate.row * grid.columns + candidate.column] = [0.0; 4];
        }
    }
}

/// A thin thing that hangs still before the screen is no part of it: it changes the hue, a crease does not.
fn is_of_hue([y, p, q]: Ypq, around: [f32; 4], look: &Look) -> bool {
    let (luma, luma_around) = (y.max(LUMA_MIN), around[0].max(LUMA_MIN));
    let apart = (p / luma - around[1] / luma_around).hypot(q / luma - around[2] / luma_around);
    apart < STILL_HUE * look.chromaticity + look.noise[1].hypot(look.noise[2]) / luma
}

/// What each block shows most of the time.
#[derive(Debug)]
pub struct Still {
    pub middles: Vec<Ypq>,
    /// Whether it shows that in nearly every sample.
    pub is_fixed: Vec<bool>,
    /// Whether it does so in more than half of them, and hardly ever shows the plate.
    is_mark: Vec<bool>,
}

impl Still {
    pub fn find(evidence: &Evidence<'_>, look: &Look, plate: &Blocks) -> Self {
        let count = plate[0].cells.len();
        let total = evidence.samples.len();
        let mut still =
            Self { middles: Vec::with_capacity(count), is_fixed: Vec::with_capacity(count), is_mark: Vec::with_capacity(count) };
        for index in 0..count {
            let middle = evidence.median(index, evidence.seen_mask()).0;
            let (mut near, mut bare) = (0, 0);
            for bit in 0..total {
                let seen = evidence.lit(bit, index);
                let is_within = |from: Ypq, deviations: f32, more: f32| {
                    (0..3).all(|channel| (seen[channel] - from[channel]).abs() < deviations * look.noise[channel] + more)
                };
                near += usize::from(is_within(middle, 5.0, 5.0));
                bare += usize::from(is_within([0, 1, 2].map(|channel: usize| plate[channel].cells[index]), 3.0, 2.0));
            }
            still.middles.push(middle);
            still.is_fixed.push(near * 8 >= total * 7);
            still.is_mark.push(near as f32 > MARK_SEEN * total as f32 && bare <= total / 8);
        }
        still
    }
}

/// Takes marks on the screen into the plate: small things that never change, surrounded by screen whenever they are seen.
pub fn take_marks(evidence: &Evidence<'_>, still: &Still, look: &Look, plate: &mut Blocks) {
    if evidence.samples.len() < 4 {
        return;
    }
    let (columns, rows) = (plate[0].columns, plate[0].rows);
    let count = columns * rows;
    let (mut is_odd, mut is_screen) = (vec![false; count], vec![false; count]);
    for index in 0..count {
        let middle = still.middles[index];
        let far = |limit: f32| {
            (0..3).any(|channel| (middle[channel] - plate[channel].cells[index]).abs() > 4.0 * look.noise[channel] + limit)
        };
        is_odd[index] = still.is_mark[index] && far(4.0);
        is_screen[index] = !far(7.5);
    }
    let groups = Groups::of(&is_odd, columns);
    let limit = look.blocks(MARK_SHARE);
    for (number, group) in groups.found.iter().enumerate() {
        if group.count < 2 || (group.right - group.left).max(group.bottom - group.top) >= limit {
            continue;
        }
        let (mut ring, mut screen, mut inside) = (0, 0, Vec::new());
        for y in group.top.saturating_sub(2)..=(group.bottom + 2).min(rows - 1) {
            for x in group.left.saturating_sub(2)..=(group.right + 2).min(columns - 1) {
                let index = y * columns + x;
                match distance_to(&groups.label, number as u32 + 1, (x, y), columns, rows) {
                    0 | 1 if still.is_mark[index] => inside.push(index),
                    2 => {
                        ring += 1;
                        screen += usize::from(is_screen[index]);
                    }
                    _ => {}
                }
            }
        }
        if ring > 0 && screen as f32 > MARK_RING * ring as f32 {
            for index in inside {
                for (plane, middle) in plate.iter_mut().zip(still.middles[index]) {
                    plane.cells[index] = middle;
                }
            }
        }
    }
}

/// How far a group is, up to 2.
fn distance_to(label: &[u32], number: u32, (x, y): (usize, usize), columns: usize, rows: usize) -> usize {
    let is_within = |reach: usize| {
        (y.saturating_sub(reach)..=(y + reach).min(rows - 1)).any(|near_y| {
            (x.saturating_sub(reach)..=(x + reach).min(columns - 1)).any(|near_x| label[near_y * columns + near_x] == number)
        })
    };
    (0..=2).find(|reach| is_within(*reach)).unwrap_or(3)
}
