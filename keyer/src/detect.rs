//! The screen's chromaticity: chroma over luma, which shade does not change, as a mode over all samples of a shot.

use crate::frame::YuvMatrix;
use crate::sample::Sample;

/// Places along each side of the histogram, and the chromaticity at its rim.
const SIDE: usize = 96;
const RIM: f32 = 1.6;
/// A pixel votes if its largest channel exceeds the second by this share, and this much. Units: share; of 255.
const SATURATION_MIN: f32 = 0.2;
const TOP_MIN: f32 = 12.0;
/// Blocks that are looked at: every so many, across and down.
const STRIDE: usize = 2;

/// Finds the chromaticity (Cb and Cr over luma) that most of the green or blue picture shares.
///
/// Each block votes with its relative saturation, so an underexposed screen counts as a bright one does. The mode, not the
/// mean: subject and clutter may be green too.
pub fn find_chromaticity(samples: &[Sample], columns: usize, matrix: YuvMatrix) -> Option<[f32; 2]> {
    let mut votes = vec![0.0_f32; SIDE * SIDE];
    for sample in samples {
        let rows = sample.rows(columns);
        for row in (STRIDE / 2..rows.saturating_sub(1)).step_by(STRIDE) {
            for column in (STRIDE / 2..columns.saturating_sub(1)).step_by(STRIDE) {
                if let Some((index, weight)) = vote(mean_of_four(sample, columns, column, row), matrix) {
                    votes[index] += weight;
                }
            }
        }
    }
    for _ in 0..3 {
        blur(&mut votes);
    }
    let best = (0..votes.len()).max_by(|a, b| votes[*a].total_cmp(&votes[*b]))?;
    let value = |place: usize| ((place as f32 + 0.5) / (SIDE as f32 * 0.5) - 1.0) * RIM;
    (votes[best] > 0.0).then(|| [value(best / SIDE), value(best % SIDE)])
}

fn mean_of_four(sample: &Sample, columns: usize, column: usize, row: usize) -> [f32; 3] {
    let index = row * columns + column;
    let places = [index, index + 1, index + columns, index + columns + 1];
    let mut mean = [0.0; 3];
    for place in places {
        for (mean, value) in mean.iter_mut().zip(sample.at(place)) {
            *mean += value * 0.25;
        }
    }
    mean
}

fn vote([y, cb, cr]: [f32; 3], matrix: YuvMatrix) -> Option<(usize, f32)> {
    let (share_red, share_blue) = matrix.red_blue();
    let (red, blue) = (y + 2.0 * (1.0 - share_red) * cr, y + 2.0 * (1.0 - share_blue) * cb);
    let green = (y - share_red * red - share_blue * blue) / (1.0 - share_red - share_blue);
    let top = green.max(blue);
    let mut saturation = (top - red.max(green.min(blue))) / top.max(1.0);
    if saturation < SATURATION_MIN {
        // Cyan and magenta screens are rare, and clothes of these colours are not: they count half.
        saturation = 0.5 * (top - red.min(green)).min(blue - red.min(green)) / top.max(red).max(1.0);
    }
    if saturation < SATURATION_MIN || top < TOP_MIN {
        return None;
    }
    let place = |chroma: f32| ((chroma / y.max(5.0) / RIM + 1.0) * (SIDE as f32 * 0.5)).clamp(0.0, (SIDE - 1) as f32) as usize;
    Some((place(cb) * SIDE + place(cr), saturation))
}

fn blur(votes: &mut [f32]) {
    let before = votes.to_vec();
    for row in 1..SIDE - 1 {
        for column in 1..SIDE - 1 {
            let mut sum = 0.0;
            for (near_row, down) in [(row - 1, 1.0), (row, 2.0), (row + 1, 1.0)] {
                for (near_column, across) in [(column - 1, 1.0), (column, 2.0), (column + 1, 1.0)] {
                    sum += before[near_row * SIDE + near_column] * down * across;
                }
            }
            votes[row * SIDE + column] = sum / 16.0;
        }
    }
}
