//! Noise of the screen: an estimate before a plate is known, and the covariance after.

use crate::blocks::color_at;
use crate::clean_plate::median_of;
use crate::color::subtract;
use crate::plane::{Plane, erode};
use crate::plate_comparison::PlateComparison;
use crate::sample::Sample;
use crate::screen_mask::{ScreenStats, mark_by_shot_chromaticity, unmark_by_local_chromaticity};

/// Standard deviation of noise assumed before any is measured, and its minimum. Units: of 255;
/// luma, chroma along and across the hue.
pub const NOISE_INITIAL: [f32; 3] = [2.5, 1.5, 1.5];
const NOISE_MIN: [f32; 3] = [0.7, 0.5, 0.5];
/// Most residuals that the noise is computed from.
pub const RESIDUALS_MAX: usize = 20_000;
/// Share of the residuals that is trimmed at either end.
const TRIM_SHARE: f32 = 0.02;
/// Factor on the trimmed covariance, for the trimmed ends and for codecs, which leave noise in
/// patches; and least variances of luma, chroma along and across the hue. Units: variance, of 255.
/// Tuned: generator seeds 1 and 7, all kinds.
const COVARIANCE_MARGIN: f32 = 1.5;
const VARIANCE_MIN: [f32; 3] = [0.4, 0.2, 0.2];

/// Samples from which the noise is measured.
const SAMPLES_USED: usize = 4;

/// Samples that are evenly spaced, at most `most`.
pub fn some_samples(samples: &[Sample], most: usize) -> impl Iterator<Item = (usize, &Sample)> {
    samples.iter().enumerate().step_by(samples.len().div_ceil(most).max(1))
}

/// Measures the noise of screen-like blocks before a plate is known.
pub fn initial_noise(samples: &[Sample], hue: [f32; 2], stats: &ScreenStats, comparison: &mut PlateComparison) -> [f32; 3] {
    let mut details: [Vec<f32>; 3] = Default::default();
    let scale = comparison.scale;
    let cell_stats = stats.at_scale(scale);
    let stride = (comparison.certain.cells.len() * samples.len().min(SAMPLES_USED) / RESIDUALS_MAX).max(1);
    for (_, sample) in some_samples(samples, SAMPLES_USED) {
        comparison.read_sample(sample, hue);
        mark_by_shot_chromaticity(&comparison.buffers, &cell_stats, &mut comparison.certain);
        unmark_by_local_chromaticity(&mut comparison.buffers, &cell_stats, &mut comparison.certain);
        erode(&mut comparison.certain, 2, &mut Vec::new());
        let certain = &comparison.certain;
        for cell in (0..certain.cells.len()).step_by(stride).filter(|cell| certain.cells[*cell] > 0) {
            let index = cell / certain.columns * scale * comparison.distance.columns + cell % certain.columns * scale;
            let detail = subtract(color_at(&comparison.blocks, index), comparison.blurred_at(index));
            for (details, detail) in details.iter_mut().zip(detail) {
                details.push(detail.abs());
            }
        }
    }
    let mut noise = NOISE_MIN;
    for (noise, details) in noise.iter_mut().zip(&mut details) {
        // The binomial 3 × 3 mean contains a quarter of the block itself, so the difference keeps
        // 0.8 of the deviation.
        *noise = noise.max(median_of(details) * 1.4826 / 0.8);
    }
    noise
}

/// Sets a bit in the masks of the marked cells.
pub fn set_bits(marked: &Plane<u8>, bit: usize, masks: &mut Plane<u16>) {
    for (mask, marked) in masks.cells.iter_mut().zip(&marked.cells) {
        *mask |= u16::from(*marked) << bit;
    }
}

/// Trimmed covariance: the variances of y, p, q, then the covariances yp, yq, pq.
pub fn trimmed_covariance(residuals: &[Vec<f32>; 3]) -> [f32; 6] {
    let limits = [0, 1, 2].map(|channel: usize| {
        let mut sorted = residuals[channel].clone();
        sorted.sort_by(f32::total_cmp);
        let at = |share: f32| sorted.get((share * sorted.len().saturating_sub(1) as f32) as usize).copied().unwrap_or_default();
        (at(TRIM_SHARE), at(1.0 - TRIM_SHARE))
    });
    let (mut sums, mut squares, mut count) = ([0.0_f64; 3], [0.0_f64; 6], 0.0_f64);
    let [y, p, q] = residuals;
    for residual in y.iter().zip(p).zip(q).map(|((y, p), q)| [*y, *p, *q]) {
        if residual.iter().zip(limits).all(|(residual, (low, high))| *residual >= low && *residual <= high) {
            let [y, p, q] = residual.map(f64::from);
            for (sum, value) in sums.iter_mut().zip([y, p, q]) {
                *sum += value;
            }
            for (square, value) in squares.iter_mut().zip([y * y, p * p, q * q, y * p, y * q, p * q]) {
                *square += value;
            }
            count += 1.0;
        }
    }
    let count = count.max(1.0);
    let pairs = [(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)];
    let mut covariance = [0.0_f32; 6];
    for ((covariance, square), (a, b)) in covariance.iter_mut().zip(squares).zip(pairs) {
        *covariance = (square / count - sums[a] * sums[b] / (count * count)) as f32 * COVARIANCE_MARGIN;
    }
    for (variance, least) in covariance.iter_mut().zip(VARIANCE_MIN) {
        *variance += least;
    }
    covariance
}

/// Inverse of a symmetric 3 × 3 matrix, in the same layout.
pub fn inverse([yy, pp, qq, yp, yq, pq]: [f32; 6]) -> [f32; 6] {
    let minors =
        [pp * qq - pq * pq, yy * qq - yq * yq, yy * pp - yp * yp, yq * pq - yp * qq, yp * pq - yq * pp, yp * yq - yy * pq];
    let determinant = yy * minors[0] + yp * minors[3] + yq * minors[4];
    minors.map(|minor| minor / determinant.max(1e-9))
}
