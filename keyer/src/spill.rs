//! Spill: clusters of the subject's colours, each with the screen-hue chroma that it has without
//! spill.
//!
//! Constants are tuned on the clips of the README; strong spill on bright skin is still wrong.

use crate::plane::Plane;
use crate::plate_comparison::PlateComparison;
use crate::screen_space::Ypq;
use crate::trimap::{CORE, Trimap};

/// Most clusters, and iterations of k-means.
const CLUSTERS: usize = 8;
const ROUNDS: usize = 12;
/// Most core blocks that are clustered, in total and per sample.
const BLOCKS_MAX: usize = 24_000;
const SAMPLE_BLOCKS_MAX: usize = 3_000;
/// Fewest blocks that are clustered, and of a cluster.
const BLOCKS_MIN: usize = 50;
const MEMBERS_MIN: usize = 20;
/// Weight of luma beside chroma in the distance of two colours.
const LUMA_WEIGHT: f32 = 0.7;
/// A cluster's own chroma ratio is measured on its blocks deepest within the core: this share of
/// them, and of their ratios this quantile.
const DEEP_SHARE: f32 = 0.25;
const CHROMA_RATIO_QUANTILE: f32 = 0.6;
/// Tolerance of the chroma ratio above the cluster's own. Units: chroma over luma.
const CHROMA_RATIO_MARGIN: f32 = 0.015;
/// A pale cluster of the screen's exact hue is grey with spill, not a dyed colour: largest chroma
/// ratio, and largest chroma across the hue as a share of that along it.
const GREY_CHROMA_RATIO_MAX: f32 = 0.16;
const GREY_ACROSS_MAX: f32 = 0.15;
/// Weight of chroma along the screen's hue, which spill changes, in the distance from a cluster.
const SCREEN_CHROMA_WEIGHT: f32 = 0.6;
/// Distance at which a cluster's weight falls to an eighth. Units: of 255.
const CLUSTER_REACH: f32 = 8.0;
/// Colour of a cluster that has no weight. Units: of 255.
const CLUSTER_FAR: f32 = 1e6;
/// Largest spill. Units: share of the plate's colour.
const SPILL_MAX: f32 = 0.8;
/// Blocks of a row that are handled side by side.
const LANES: usize = 16;
/// Least divisors. Units: weight; luma and chroma, of 255.
const LUMA_MIN: f32 = 8.0;
const CONTRAST_MIN: f32 = 4.0;
const WEIGHT_MIN: f32 = 1e-9;

/// One cluster: mean colour, and chroma along the screen's hue over luma without spill.
#[derive(Debug, Clone, Copy, Default)]
struct ColorCluster {
    mean: Ypq,
    chroma_ratio: f32,
}

/// The clusters of one shot.
#[derive(Debug, Clone, Default)]
pub struct SpillModel {
    clusters: Vec<ColorCluster>,
    /// The clusters, and others too far away to count: a fixed number is weighed side by side.
    padded: [ColorCluster; CLUSTERS],
    /// Least chroma ratio of a cluster, at most 0.
    least_ratio: f32,
    blocks: Vec<(Ypq, u8)>,
}

impl SpillModel {
    /// Adds the core of a sample.
    pub fn add(&mut self, comparison: &PlateComparison, trimap: &Trimap) {
        let indexes: Vec<usize> = trimap.foreground_samples().collect();
        let depth = core_depths(&trimap.labels);
        let stride = (indexes.len() / SAMPLE_BLOCKS_MAX).max(1);
        for index in indexes.into_iter().step_by(stride) {
            if self.blocks.len() < BLOCKS_MAX {
                self.blocks.push(([0, 1, 2].map(|channel: usize| comparison.blocks[channel].cells[index]), depth[index]));
            }
        }
    }

    /// Clusters the added blocks by k-means, and discards them.
    pub fn cluster(&mut self) {
        let blocks = std::mem::take(&mut self.blocks);
        if blocks.len() < BLOCKS_MIN {
            return;
        }
        let mut means = farthest_points(&blocks);
        let mut assigned = vec![0_usize; blocks.len()];
        for _ in 0..ROUNDS {
            let mut sums = vec![[0.0_f64; 4]; means.len()];
            for ((color, _), assigned) in blocks.iter().zip(&mut assigned) {
                *assigned = nearest_mean(means.iter().copied(), *color);
                for (sum, value) in sums[*assigned].iter_mut().zip([color[0], color[1], color[2], 1.0]) {
                    *sum += f64::from(value);
                }
            }
            for (mean, sum) in means.iter_mut().zip(sums) {
                if sum[3] > 0.0 {
                    *mean = [0, 1, 2].map(|channel: usize| (sum[channel] / sum[3]) as f32);
                }
            }
        }
        for (number, mean) in means.into_iter().enumerate() {
            let mut members: Vec<(u8, f32)> = blocks
                .iter()
                .zip(&assigned)
                .filter(|(_, assigned)| **assigned == number)
                .map(|((color, depth), _)| (*depth, color[1] / color[0].max(LUMA_MIN)))
                .collect();
            if members.len() >= MEMBERS_MIN {
                members.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.total_cmp(&b.1)));
                members.truncate(((members.len() as f32 * DEEP_SHARE) as usize).max(1));
                members.sort_by(|a, b| a.1.total_cmp(&b.1));
                let mut chroma_ratio = members[((members.len() - 1) as f32 * CHROMA_RATIO_QUANTILE) as usize].1;
                let [_, p, q] = mean;
                if chroma_ratio > 0.0 && chroma_ratio < GREY_CHROMA_RATIO_MAX && q.abs() < p * GREY_ACROSS_MAX {
                    chroma_ratio = 0.0;
                }
                self.clusters.push(ColorCluster { mean, chroma_ratio });
                self.least_ratio = self.least_ratio.min(chroma_ratio);
            }
        }
        self.padded = [ColorCluster { mean: [CLUSTER_FAR; 3], chroma_ratio: 0.0 }; CLUSTERS];
        for (padded, cluster) in self.padded.iter_mut().zip(&self.clusters) {
            *padded = *cluster;
        }
    }

    /// Spill-free chroma ratio of a colour: weighted mean over the clusters near it.
    fn spill_free_ratio(&self, color: Ypq) -> f32 {
        let mut weights = [0.0; CLUSTERS];
        for (weight, cluster) in weights.iter_mut().zip(&self.padded) {
            *weight = cluster.weight(color);
        }
        let (mut sum, mut weight) = (0.0, WEIGHT_MIN);
        for (cluster, cluster_weight) in self.padded.iter().zip(weights) {
            sum += cluster.chroma_ratio * cluster_weight;
            weight += cluster_weight;
        }
        sum / weight
    }

    /// Spill on a row of colours, as [`SpillModel::spill`]; `out` is 0 where `marked` is 0.
    pub fn write_row(&self, [y, p, q]: [&[f32]; 3], [screen_y, screen_p, _]: [&[f32]; 3], marked: &[u8], out: &mut [f32]) {
        for (number, out) in out.chunks_mut(LANES).enumerate() {
            let first = number * LANES;
            let lanes = first..first + out.len();
            let (y, p, q, marked) = (&y[lanes.clone()], &p[lanes.clone()], &q[lanes.clone()], &marked[lanes.clone()]);
            let least = self.least_ratio + CHROMA_RATIO_MARGIN;
            let has_spill = y.iter().zip(p).zip(marked).map(|((y, p), marked)| u8::from(*p > least * y) & marked).max();
            if has_spill == Some(0) || self.clusters.is_empty() {
                out.fill(0.0);
                continue;
            }
            let (mut sums, mut weights) = ([0.0; LANES], [WEIGHT_MIN; LANES]);
            for cluster in &self.clusters {
                let lanes = sums.iter_mut().zip(&mut weights).zip(y.iter().zip(p).zip(q));
                for ((sum, weight), ((y, p), q)) in lanes {
                    let cluster_weight = cluster.weight([*y, *p, *q]);
                    *sum += cluster.chroma_ratio * cluster_weight;
                    *weight += cluster_weight;
                }
            }
            let screen = screen_y[lanes.clone()].iter().zip(&screen_p[lanes]);
            let colors = y.iter().zip(p).zip(marked);
            for (((out, (sum, weight)), ((y, p), marked)), (screen_y, screen_p)) in
                out.iter_mut().zip(sums.iter().zip(&weights)).zip(colors).zip(screen)
            {
                *out = spill_over(sum / weight, [*y, *p], [*screen_y, *screen_p]) * f32::from(*marked);
            }
        }
    }

    /// Spill on a colour. Units: share of the plate's colour.
    pub fn spill(&self, color: Ypq, screen: Ypq) -> f32 {
        // No weighted mean is below the least ratio.
        if self.clusters.is_empty() || color[1] <= (self.least_ratio + CHROMA_RATIO_MARGIN) * color[0] {
            return 0.0;
        }
        spill_over(self.spill_free_ratio(color), [color[0], color[1]], [screen[0], screen[1]])
    }
}

impl ColorCluster {
    fn weight(&self, [y, p, q]: Ypq) -> f32 {
        let luma = (y - self.mean[0]) * LUMA_WEIGHT;
        let along = (p - self.mean[1]) * SCREEN_CHROMA_WEIGHT;
        let across = q - self.mean[2];
        let distance = 1.0 + (luma * luma + along * along + across * across) * (1.0 / (CLUSTER_REACH * CLUSTER_REACH));
        1.0 / (distance * distance * distance)
    }
}

/// Spill on a colour with a spill-free chroma ratio. Luma and chroma along the screen's hue.
fn spill_over(spill_free_ratio: f32, [y, p]: [f32; 2], [screen_y, screen_p]: [f32; 2]) -> f32 {
    let chroma_ratio = spill_free_ratio + CHROMA_RATIO_MARGIN;
    let contrast = screen_p - chroma_ratio * screen_y;
    ((p - chroma_ratio * y) / contrast.max(CONTRAST_MIN)).clamp(0.0, SPILL_MAX)
}

fn squared_distance(a: Ypq, b: Ypq) -> f32 {
    let luma = (a[0] - b[0]) * LUMA_WEIGHT;
    luma * luma + (a[1] - b[1]) * (a[1] - b[1]) + (a[2] - b[2]) * (a[2] - b[2])
}

fn nearest_mean(means: impl Iterator<Item = Ypq>, color: Ypq) -> usize {
    let mut best = (f32::MAX, 0);
    for (number, mean) in means.enumerate() {
        let distance = squared_distance(mean, color);
        if distance < best.0 {
            best = (distance, number);
        }
    }
    best.1
}

/// Initial cluster means: the mean colour, then repeatedly the colour farthest from all chosen
/// ones.
fn farthest_points(blocks: &[(Ypq, u8)]) -> Vec<Ypq> {
    let count = blocks.len() as f32;
    let mut mean = [0.0; 3];
    for (color, _) in blocks {
        for (mean, value) in mean.iter_mut().zip(color) {
            *mean += value / count;
        }
    }
    let mut means = vec![mean];
    let mut distance = vec![f32::MAX; blocks.len()];
    while means.len() < CLUSTERS {
        let last = means[means.len() - 1];
        let mut farthest = (0.0, 0);
        for (index, ((color, _), distance)) in blocks.iter().zip(&mut distance).enumerate() {
            *distance = distance.min(squared_distance(*color, last));
            if *distance > farthest.0 {
                farthest = (*distance, index);
            }
        }
        if farthest.0 < 1.0 {
            break;
        }
        means.push(blocks[farthest.1].0);
    }
    means
}

/// Distance of each block from the nearest block that is not core, city-block metric; the picture's
/// border is no edge.
fn core_depths(labels: &Plane<u8>) -> Vec<u8> {
    let (columns, rows) = (labels.columns, labels.rows);
    let mut depth: Vec<u8> = labels.cells.iter().map(|label| if *label == CORE { u8::MAX } else { 0 }).collect();
    for row in 0..rows {
        let (above, own) = depth.split_at_mut(row * columns);
        if let Some(above) = above.rchunks_exact(columns).next() {
            lower_rows(&mut own[..columns], above);
        }
        lower_along(own[..columns].iter_mut());
    }
    for row in (0..rows).rev() {
        let (own, below) = depth.split_at_mut((row + 1) * columns);
        let own = &mut own[row * columns..];
        if let Some(below) = below.chunks_exact(columns).next() {
            lower_rows(own, below);
        }
        lower_along(own.iter_mut().rev());
    }
    depth
}

/// Limits the depths of a row to one more than those of the row beside it.
fn lower_rows(depths: &mut [u8], beside: &[u8]) {
    for (depth, beside) in depths.iter_mut().zip(beside) {
        *depth = (*depth).min(beside.saturating_add(1));
    }
}

/// Limits each depth to one more than the one before it.
fn lower_along<'a>(depths: impl Iterator<Item = &'a mut u8>) {
    let mut before = u8::MAX;
    for depth in depths {
        *depth = (*depth).min(before.saturating_add(1));
        before = *depth;
    }
}
