//! Clusters the colours of each pixel over the samples: at most three clusters, each with the
//! samples in which it is visible.

#![expect(clippy::cast_precision_loss, reason = "there are at most 64 samples")]

use rayon::prelude::*;

use super::color::Ycc;

/// Clusters kept per pixel.
pub const KEPT_MAX: usize = 3;
/// Radius of a cluster. Units: standard deviations of the noise.
const RADIUS: f32 = 3.6;
/// Least percentage of samples in a cluster; fewer are noise or a passing subject.
const PERCENT_MIN: u32 = 8;

/// A colour of a pixel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cluster {
    pub color: Ycc,
    /// Bit mask of the samples in which it is visible.
    pub samples: u64,
}

impl Cluster {
    pub const fn count(&self) -> u32 {
        self.samples.count_ones()
    }
}

/// The clusters of every pixel, the most frequent first.
pub fn find(frames: &[Vec<Ycc>], noise: Ycc) -> Vec<Vec<Cluster>> {
    let pixels = frames.first().map_or(0, Vec::len);
    let count_min = count_min(frames.len()).max(2);
    let scale = noise.map(|noise| 1.0 / (noise * RADIUS));
    (0..pixels)
        .into_par_iter()
        .map_init(Vec::new, |colors: &mut Vec<Ycc>, pixel| {
            colors.clear();
            colors.extend(frames.iter().map(|frame| frame[pixel]));
            cluster_pixel(colors, scale, count_min)
        })
        .collect()
}

/// Least number of samples in a cluster.
pub fn count_min(samples: usize) -> u32 {
    (u32::try_from(samples).unwrap_or(u32::MAX) * PERCENT_MIN).div_ceil(100)
}

fn near(left: Ycc, right: Ycc, scale: Ycc) -> bool {
    (0..3).map(|channel| ((left[channel] - right[channel]) * scale[channel]).powi(2)).sum::<f32>() <= 1.0
}

fn members(colors: &[Ycc], center: Ycc, scale: Ycc, unassigned: u64) -> u64 {
    colors.iter().enumerate().fold(0, |bits, (index, color)| {
        if unassigned >> index & 1 == 1 && near(*color, center, scale) { bits | 1 << index } else { bits }
    })
}

fn mean(colors: &[Ycc], bits: u64) -> Ycc {
    let share = 1.0 / bits.count_ones().max(1) as f32;
    let mut sum = [0.0; 3];
    for (_, color) in colors.iter().enumerate().filter(|(index, _)| bits >> index & 1 == 1) {
        sum = [0, 1, 2].map(|channel| sum[channel] + color[channel] * share);
    }
    sum
}

fn cluster_pixel(colors: &[Ycc], scale: Ycc, count_min: u32) -> Vec<Cluster> {
    let mut unassigned = if colors.len() >= 64 { u64::MAX } else { (1 << colors.len()) - 1 };
    let mut found = Vec::with_capacity(1);
    while found.len() < KEPT_MAX && unassigned.count_ones() >= count_min {
        let mut best = 0_u64;
        let mut tried = 0_u64;
        for (index, color) in colors.iter().enumerate() {
            // Members of a cluster already tried are skipped.
            if unassigned >> index & 1 == 0 || tried >> index & 1 == 1 {
                continue;
            }
            let bits = members(colors, *color, scale, unassigned);
            if bits.count_ones() > best.count_ones() {
                best = bits;
            }
            tried |= 1 << index;
            if best.count_ones() * 10 >= unassigned.count_ones() * 9 {
                break;
            }
        }
        let color = mean(colors, best);
        let bits = members(colors, color, scale, unassigned) | best;
        if bits.count_ones() < count_min {
            break;
        }
        found.push(Cluster { color: mean(colors, bits), samples: bits });
        unassigned &= !bits;
    }
    found
}
