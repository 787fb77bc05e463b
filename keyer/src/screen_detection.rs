//! Detects the screen's chromaticity, chroma over luma, as the mode over all samples of a shot;
//! exposure does not change it.

use crate::planar::YuvMatrix;
use crate::sample::Sample;

/// Bins along each side of the histogram, and the chromaticity at its border.
const SIDE: usize = 96;
const BORDER_CHROMATICITY: f32 = 1.6;
/// Least saturation and least value of the largest channel of a counted block. Units: share; of
/// 255. Tuned: generator seeds 1 and 7, and a clip with a dim screen.
const SATURATION_MIN: f32 = 0.2;
const TOP_MIN: f32 = 12.0;
/// Distance of the counted blocks. Units: blocks.
const STRIDE: usize = 2;

/// The most common chromaticity (Cb and Cr over luma) of green and blue blocks; none without any.
///
/// Blocks are weighted by saturation, so an underexposed screen counts as a bright one does. The
/// mode, not the mean: the subject and objects beside the screen may be green too.
pub fn detect_chromaticity(samples: &[Sample], columns: usize, matrix: YuvMatrix) -> Option<[f32; 2]> {
    let mut histogram = vec![0.0_f32; SIDE * SIDE];
    for sample in samples {
        let rows = sample.rows(columns);
        for row in (STRIDE / 2..rows.saturating_sub(1)).step_by(STRIDE) {
            for column in (STRIDE / 2..columns.saturating_sub(1)).step_by(STRIDE) {
                if let Some((index, weight)) = histogram_bin(mean_of_four(sample, columns, column, row), matrix) {
                    histogram[index] += weight;
                }
            }
        }
    }
    for _ in 0..3 {
        blur(&mut histogram);
    }
    let best = (0..histogram.len()).max_by(|a, b| histogram[*a].total_cmp(&histogram[*b]))?;
    let value = |bin: usize| ((bin as f32 + 0.5) / (SIDE as f32 * 0.5) - 1.0) * BORDER_CHROMATICITY;
    (histogram[best] > 0.0).then(|| [value(best / SIDE), value(best % SIDE)])
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

fn histogram_bin([y, cb, cr]: [f32; 3], matrix: YuvMatrix) -> Option<(usize, f32)> {
    let (share_red, share_blue) = matrix.red_blue();
    let (red, blue) = (y + 2.0 * (1.0 - share_red) * cr, y + 2.0 * (1.0 - share_blue) * cb);
    let green = (y - share_red * red - share_blue * blue) / (1.0 - share_red - share_blue);
    let top = green.max(blue);
    let mut saturation = (top - red.max(green.min(blue))) / top.max(1.0);
    if saturation < SATURATION_MIN {
        // Cyan and magenta screens are rare, clothes of these colours are not: they have half the
        // weight.
        saturation = 0.5 * (top - red.min(green)).min(blue - red.min(green)) / top.max(red).max(1.0);
    }
    if saturation < SATURATION_MIN || top < TOP_MIN {
        return None;
    }
    let bin = |chroma: f32| {
        ((chroma / y.max(5.0) / BORDER_CHROMATICITY + 1.0) * (SIDE as f32 * 0.5)).clamp(0.0, (SIDE - 1) as f32) as usize
    };
    Some((bin(cb) * SIDE + bin(cr), saturation))
}

fn blur(histogram: &mut [f32]) {
    let before = histogram.to_vec();
    for row in 1..SIDE - 1 {
        for column in 1..SIDE - 1 {
            let mut sum = 0.0;
            for (near_row, down) in [(row - 1, 1.0), (row, 2.0), (row + 1, 1.0)] {
                for (near_column, across) in [(column - 1, 1.0), (column, 2.0), (column + 1, 1.0)] {
                    sum += before[near_row * SIDE + near_column] * down * across;
                }
            }
            histogram[row * SIDE + column] = sum / 16.0;
        }
    }
}
