//! The colours that each pixel has had: a few, each with the samples that showed it.

#![expect(clippy::cast_precision_loss, reason = "there are at most 64 samples")]

use rayon::prelude::*;

use super::color::Ypq;

/// Kept of each pixel.
pub const KEPT_MAX: usize = 3;
/// Deviations of the noise within which two colours are one.
const REACH: f32 = 3.6;
/// A colour that fewer of a hundred samples show is noise, or something that passed by.
const PERCENT_MIN: u32 = 8;

/// One colour of a pixel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cluster {
    pub color: Ypq,
    /// A bit for each sample that shows it.
    pub seen: u64,
}

impl Cluster {
    pub const fn count(&self) -> u32 {
        self.seen.count_ones()
    }
}

/// The colours of every pixel, the most frequent first.
pub fn find(frames: &[Vec<Ypq>], noise: Ypq) -> Vec<Vec<Cluster>> {
    let pixels = frames.first().map_or(0, Vec::len);
    let count_min = count_min(frames.len()).max(2);
    let scale = noise.map(|noise| 1.0 / (noise * REACH));
    (0..pixels)
        .into_par_iter()
        .map_init(Vec::new, |colors: &mut Vec<Ypq>, pixel| {
            colors.clear();
            colors.extend(frames.iter().map(|frame| frame[pixel]));
            of_pixel(colors, scale, count_min)
        })
        .collect()
}

/// How many of so many samples must show a colour.
pub fn count_min(samples: usize) -> u32 {
    (u32::try_from(samples).unwrap_or(u32::MAX) * PERCENT_MIN).div_ceil(100)
}

fn near(left: Ypq, right: Ypq, scale: Ypq) -> bool {
    (0..3).map(|channel| ((left[channel] - right[channel]) * scale[channel]).powi(2)).sum::<f32>() <= 1.0
}

fn members(colors: &[Ypq], center: Ypq, scale: Ypq, free: u64) -> u64 {
    colors.iter().enumerate().fold(0, |bits, (index, color)| {
        if free >> index & 1 == 1 && near(*color, center, scale) { bits | 1 << index } else { bits }
    })
}

fn mean(colors: &[Ypq], bits: u64) -> Ypq {
    let share = 1.0 / bits.count_ones().max(1) as f32;
    let mut sum = [0.0; 3];
    for (_, color) in colors.iter().enumerate().filter(|(index, _)| bits >> index & 1 == 1) {
        sum = [0, 1, 2].map(|channel| sum[channel] + color[channel] * share);
    }
    sum
}

fn of_pixel(colors: &[Ypq], scale: Ypq, count_min: u32) -> Vec<Cluster> {
    let mut free = if colors.len() >= 64 { u64::MAX } else { (1 << colors.len()) - 1 };
    let mut found = Vec::with_capacity(1);
    while found.len() < KEPT_MAX && free.count_ones() >= count_min {
        let mut best = 0_u64;
        let mut tried = 0_u64;
        for (index, color) in colors.iter().enumerate() {
            // One that lies within a cluster found to be small need not be tried, nor can few outdo many.
            if free >> index & 1 == 0 || tried >> index & 1 == 1 {
                continue;
            }
            let bits = members(colors, *color, scale, free);
            if bits.count_ones() > best.count_ones() {
                best = bits;
            }
            tried |= 1 << index;
            if best.count_ones() * 10 >= free.count_ones() * 9 {
                break;
            }
        }
        let color = mean(colors, best);
        let bits = members(colors, color, scale, free) | best;
        if bits.count_ones() < count_min {
            break;
        }
        found.push(Cluster { color: mean(colors, bits), seen: bits });
        free &= !bits;
    }
    found
}
