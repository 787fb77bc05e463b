//! One row of blocks of all samples of a shot, and medians over time.
//!
//! The values of a few blocks are sorted side by side, one block in each lane of a vector, by a
//! sorting network: its order of comparisons depends on no value.
//! Source: Batcher, "Sorting networks and their applications", 1968.

use crate::clean_plate::{PlateSamples, SAMPLES_MAX};
use crate::color::steps;
use crate::light_fit::LightLines;
use crate::sample::STEPS;
use crate::screen_mask::LUMA_MIN;

/// Blocks that are sorted side by side.
pub const LANES: usize = 16;
/// Steps of a stored chromaticity per unit.
const CHROMATICITY_STEPS: f32 = 8192.0;
/// Range of the exposure of a block relative to the clean plate.
const EXPOSURE_RANGE: (f32, f32) = (0.02, 4.0);

/// A row of every sample as luma and chroma along and across the hue, at the plate's exposure.
#[derive(Debug)]
pub struct SampleRows {
    count: usize,
    /// By channel and sample, in steps.
    rows: [Vec<Vec<i16>>; 3],
    values: [Vec<f32>; 3],
    plate: [Vec<f32>; 3],
    line: Vec<f32>,
    light_lines: Vec<LightLines>,
}

/// A value of each sample for each lane.
#[derive(Debug, Clone, Copy)]
pub struct LaneValues {
    values: [[i16; LANES]; SAMPLES_MAX],
    count: usize,
}

/// Some values of a row by lane; lanes beyond the end of the row have `rest`.
pub fn lanes_of<T: Copy>(row: &[T], rest: T) -> [T; LANES] {
    let mut lanes = [rest; LANES];
    for (lane, value) in lanes.iter_mut().zip(row) {
        *lane = *value;
    }
    lanes
}

impl SampleRows {
    pub fn new(count: usize, columns: usize) -> Self {
        let count = count.min(SAMPLES_MAX);
        let padded = columns.next_multiple_of(LANES);
        let lines = [(); 3].map(|()| vec![0.0; columns]);
        Self {
            count,
            rows: [(); 3].map(|()| vec![vec![0; padded]; count]),
            values: lines.clone(),
            plate: lines,
            line: vec![0.0; columns],
            light_lines: vec![LightLines::new(columns); count],
        }
    }

    /// Reads a row of all samples.
    pub fn read(&mut self, plate_samples: &PlateSamples<'_>, row: usize) {
        for (bit, sample) in plate_samples.samples.iter().enumerate().take(self.count) {
            let [y, p, q] = self.values.each_mut().map(Vec::as_mut_slice);
            sample.read_row(row, plate_samples.hue, [y, p, q]);
            if let Some((plate, lights)) = plate_samples.lights {
                let out = self.plate.each_mut().map(Vec::as_mut_slice);
                lights[bit].write_plate_row(row, plate_samples.scale, &plate.blocks, &mut self.light_lines[bit], out);
                for (factor, (luma, clean)) in self.line.iter_mut().zip(self.plate[0].iter().zip(plate.blocks[0].row(row))) {
                    *factor = 1.0 / (luma / clean.max(LUMA_MIN)).clamp(EXPOSURE_RANGE.0, EXPOSURE_RANGE.1);
                }
                for values in &mut self.values {
                    for (value, factor) in values.iter_mut().zip(&self.line) {
                        *value *= factor;
                    }
                }
            }
            for (values, rows) in self.values.iter().zip(&mut self.rows) {
                for (stored, value) in rows[bit].iter_mut().zip(values) {
                    *stored = steps(*value, STEPS);
                }
            }
        }
    }

    /// Value of a block in a sample.
    pub fn at(&self, bit: usize, column: usize) -> [f32; 3] {
        let [y, p, q] = &self.rows;
        [y[bit][column], p[bit][column], q[bit][column]].map(|value| f32::from(value) / STEPS)
    }

    /// Medians by channel over the samples in the masks; 0 where there are none.
    pub fn medians(&self, first: usize, masks: &[u16; LANES]) -> [[f32; LANES]; 3] {
        self.rows.each_ref().map(|rows| self.lanes(rows, first).medians(masks).map(|median| median / STEPS))
    }

    /// Standard deviations by channel, from the median absolute deviations.
    pub fn deviations(&self, first: usize, masks: &[u16; LANES], medians: [&[f32; LANES]; 3]) -> [[f32; LANES]; 3] {
        let mut deviations = [[0.0; LANES]; 3];
        for ((deviations, rows), medians) in deviations.iter_mut().zip(&self.rows).zip(medians) {
            let mut lanes = self.lanes(rows, first);
            let medians = medians.map(|median| steps(median, STEPS));
            for values in &mut lanes.values[..self.count] {
                for (value, median) in values.iter_mut().zip(medians) {
                    *value = value.saturating_sub(median).saturating_abs();
                }
            }
            *deviations = lanes.medians(masks).map(|deviation| deviation * (1.4826 / STEPS));
        }
        deviations
    }

    /// Chroma along the hue, less a share of that across it, over luma; and the sum of luma over
    /// the samples in the masks.
    pub fn chromaticities(&self, first: usize, masks: &[u16; LANES], luma_min: f32, across: f32) -> (LaneValues, [f32; LANES]) {
        let mut along = LaneValues { values: [[0; LANES]; SAMPLES_MAX], count: self.count };
        let mut sums = [0.0; LANES];
        let [y, p, q] = self.rows.each_ref().map(|rows| self.lanes(rows, first));
        for bit in 0..self.count {
            for (lane, along) in along.values[bit].iter_mut().enumerate() {
                let [y, p, q] = [&y, &p, &q].map(|channel| f32::from(channel.values[bit][lane]) * (1.0 / STEPS));
                let luma = y.max(luma_min);
                *along = steps((p - q.abs() * across) / luma, CHROMATICITY_STEPS);
                sums[lane] += luma * f32::from(masks[lane] >> bit & 1);
            }
        }
        (along, sums)
    }

    fn lanes(&self, rows: &[Vec<i16>], first: usize) -> LaneValues {
        let mut values = [[0; LANES]; SAMPLES_MAX];
        for (values, row) in values.iter_mut().zip(rows) {
            values.copy_from_slice(&row[first..first + LANES]);
        }
        LaneValues { values, count: self.count }
    }
}

impl LaneValues {
    /// The values in the masks in ascending order, then others.
    fn sorted(mut self, masks: &[u16; LANES]) -> [[i16; LANES]; SAMPLES_MAX] {
        for (bit, values) in self.values.iter_mut().enumerate() {
            for (value, mask) in values.iter_mut().zip(masks) {
                *value = if bit < self.count && mask >> bit & 1 == 1 { *value } else { i16::MAX };
            }
        }
        sort(&mut self.values[..self.count.next_power_of_two()]);
        self.values
    }

    fn medians(self, masks: &[u16; LANES]) -> [f32; LANES] {
        let sorted = self.sorted(masks);
        let mut medians = [0.0; LANES];
        for (lane, median) in medians.iter_mut().enumerate() {
            let count = masks[lane].count_ones() as usize;
            if count > 0 {
                *median = (f32::from(sorted[(count - 1) / 2][lane]) + f32::from(sorted[count / 2][lane])) * 0.5;
            }
        }
        medians
    }

    /// A quantile over the values in the masks. Units: of the value, not steps.
    pub fn quantiles(&self, masks: &[u16; LANES], quantile: f32) -> [f32; LANES] {
        let sorted = self.sorted(masks);
        let mut quantiles = [0.0; LANES];
        for (lane, value) in quantiles.iter_mut().enumerate() {
            let last = masks[lane].count_ones().saturating_sub(1) as f32;
            *value = f32::from(sorted[(last * quantile).round() as usize][lane]) / CHROMATICITY_STEPS;
        }
        quantiles
    }

    /// Removes samples with a lower value from the mask of a lane.
    pub fn keep_from(&self, lane: usize, mask: u16, least: f32) -> u16 {
        let least = steps(least, CHROMATICITY_STEPS);
        let values = self.values[..self.count].iter().enumerate();
        values.fold(0, |kept, (bit, values)| kept | u16::from(values[lane] >= least) << bit) & mask
    }
}

/// Sorts each lane by odd-even merging; the number of rows is a power of two.
pub fn sort<T: Copy + Ord>(rows: &mut [[T; LANES]]) {
    let count = rows.len();
    let mut sorted = 1;
    while sorted < count {
        let mut distance = sorted;
        while distance >= 1 {
            for start in (distance % sorted..count - distance).step_by(2 * distance) {
                for low in start..(start + distance).min(count - distance) {
                    if low / (2 * sorted) == (low + distance) / (2 * sorted) {
                        let (lower, upper) = rows.split_at_mut(low + distance);
                        for (low, high) in lower[low].iter_mut().zip(&mut upper[0]) {
                            (*low, *high) = ((*low).min(*high), (*low).max(*high));
                        }
                    }
                }
            }
            distance /= 2;
        }
        sorted *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_are_sorted_and_medians_leave_out_what_is_not_in_the_mask() {
        for count in [1, 2, 6, 13, 16] {
            let mut lanes = LaneValues { values: [[0; LANES]; SAMPLES_MAX], count };
            for (bit, values) in lanes.values.iter_mut().enumerate() {
                for (lane, value) in values.iter_mut().enumerate() {
                    *value = i16::try_from((bit * 37 + lane * 11 + bit * lane) % 101).unwrap() - 50;
                }
            }
            let mut masks = [0_u16; LANES];
            for (lane, mask) in masks.iter_mut().enumerate() {
                *mask = (0..count).filter(|bit| (bit + lane) % 3 != 0).fold(0, |mask, bit| mask | 1 << bit);
            }
            let medians = lanes.medians(&masks);
            for lane in 0..LANES {
                let chosen = (0..count).filter(|bit| masks[lane] >> bit & 1 == 1);
                let mut chosen: Vec<f32> = chosen.map(|bit| f32::from(lanes.values[bit][lane])).collect();
                let expected = crate::clean_plate::median_of(&mut chosen);
                assert!((medians[lane] - expected).abs() < 1e-3, "{count} {lane}: {} {expected}", medians[lane]);
            }
        }
    }
}
