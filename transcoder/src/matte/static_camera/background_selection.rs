//! Selects the background among the colour clusters of each pixel: a Markov random field, solved by
//! belief propagation.
//!
//! A subject that rests for most of a clip is the most frequent colour of its pixels, but has an
//! outline where the background has none. Hence the pairwise cost: a colour step between neighbours
//! whose clusters were visible at different times.
//! Source: Felzenszwalb and Huttenlocher, "Efficient Belief Propagation for Early Vision", 2006;
//! schedule of Tappen and Freeman, 2003.

#![expect(clippy::cast_precision_loss, reason = "there are at most 64 samples")]

use super::clusters::{Cluster, KEPT_MAX};
use super::color::{Ycc, is_shadow_of};
use super::grid::Grid;

/// One more for the given plate.
const LABELS: usize = KEPT_MAX + 1;
const ITERATIONS: usize = 6;
/// Colour steps are truncated at this many codes.
const COLOR_STEP_FULL: f32 = 40.0;
/// Two clusters have the full pairwise cost when only one of them is visible in this share of the
/// samples.
const TIME_DIFFERENCE_FULL: f32 = 0.2;
/// Weights of rarity and of the difference from the given plate, relative to the pairwise cost.
const RARE_WEIGHT: f32 = 0.07;
const GIVEN_WEIGHT: f32 = 2.0;
/// Differences from the given plate are truncated at this many codes.
const GIVEN_FAR: f32 = 16.0;
/// Cost of the given plate's colour where no sample shows it: it was taken at another time.
const GIVEN_COST: f32 = 1.0;
/// Cost of a cluster with hardly any samples, falling to 0 at the share below: textures split into
/// several clusters, cloth does not.
const RARE_COST: f32 = 0.4;
const RARE_SHARE: f32 = 0.25;
/// Cost of a cluster that is another one in shadow: shadows come and go, and only darken.
const SHADOW_COST: f32 = 0.25;
/// Share of the light that remains in a shadow, and largest difference in chroma, in codes.
const SHADOW_LIGHT: std::ops::Range<f32> = 0.6..0.97;
const SHADOW_CHROMA_MAX: f32 = 1.5;

type Costs = [f32; LABELS];

/// The costs of one picture.
struct Energy<'a> {
    clusters: &'a [Vec<Cluster>],
    sample_count: f32,
    given_plate: Option<&'a [Ycc]>,
}

/// Index of the background among each pixel's clusters.
pub fn select(grid: Grid, clusters: &[Vec<Cluster>], samples: usize, given_plate: Option<&[Ycc]>) -> Vec<usize> {
    let energy = Energy { clusters, sample_count: samples as f32, given_plate };
    // Messages from the left, right, upper and lower neighbour.
    let mut messages: Vec<[Costs; 4]> = vec![[[0.0; LABELS]; 4]; grid.len()];
    for _ in 0..ITERATIONS {
        for row in 0..grid.rows {
            (1..grid.columns).for_each(|column| energy.send_message(&mut messages, row * grid.columns + column - 1, 1, 0));
            (1..grid.columns).rev().for_each(|column| energy.send_message(&mut messages, row * grid.columns + column, -1, 1));
        }
        let down = isize::try_from(grid.columns).unwrap_or(isize::MAX);
        for column in 0..grid.columns {
            (1..grid.rows).for_each(|row| energy.send_message(&mut messages, (row - 1) * grid.columns + column, down, 2));
            (1..grid.rows).rev().for_each(|row| energy.send_message(&mut messages, row * grid.columns + column, -down, 3));
        }
    }
    (0..grid.len())
        .map(|index| {
            let belief = energy.belief(&messages, index, usize::MAX);
            (0..clusters[index].len()).min_by(|left, right| belief[*left].total_cmp(&belief[*right])).unwrap_or_default()
        })
        .collect()
}

impl Energy<'_> {
    fn unary_costs(&self, index: usize) -> Costs {
        let mut costs = [0.0; LABELS];
        for (cost, cluster) in costs.iter_mut().zip(&self.clusters[index]) {
            let share = cluster.count() as f32 / self.sample_count;
            // Visible again after another cluster: backgrounds reappear, subjects seldom return to
            // the same place.
            let reappears = (cluster.samples ^ cluster.samples >> 1).count_ones() > 2;
            *cost = RARE_WEIGHT * (-share.max(0.01).ln() - if reappears { 0.7 } else { 0.0 });
            if cluster.samples != 0 {
                *cost += RARE_COST * (1.0 - share / RARE_SHARE).max(0.0);
            }
            if self.given_plate.is_none()
                && self.clusters[index]
                    .iter()
                    .any(|other| is_shadow_of(cluster.color, other.color, &SHADOW_LIGHT, SHADOW_CHROMA_MAX))
            {
                *cost += SHADOW_COST;
            }
            if let Some(given_plate) = self.given_plate {
                *cost += if cluster.samples == 0 {
                    GIVEN_COST
                } else {
                    GIVEN_WEIGHT * (distance(given_plate[index], cluster.color) / GIVEN_FAR).min(1.0)
                };
            }
        }
        costs
    }

    /// Cost of each cluster: unary costs and the messages of all neighbours except one.
    fn belief(&self, messages: &[[Costs; 4]], index: usize, except: usize) -> Costs {
        let mut sum = self.unary_costs(index);
        for (_, costs) in messages[index].iter().enumerate().filter(|(from, _)| *from != except) {
            for (sum, cost) in sum.iter_mut().zip(costs) {
                *sum += cost;
            }
        }
        sum
    }

    /// Sends a pixel's message to a neighbour: the least cost given each of the neighbour's
    /// clusters.
    fn send_message(&self, messages: &mut [[Costs; 4]], index: usize, step: isize, to: usize) {
        let Some(other) = index.checked_add_signed(step) else { return };
        let (own, others) = (&self.clusters[index], &self.clusters[other]);
        if others.len() < 2 {
            return;
        }
        // Without the neighbour's own message, which lies at the opposite index.
        let belief = self.belief(messages, index, to ^ 1);
        let mut costs = [0.0; LABELS];
        for (cost, other) in costs.iter_mut().zip(others) {
            let through = own.iter().zip(belief).map(|(own, belief)| belief + self.pairwise_cost(own, other));
            *cost = through.fold(f32::INFINITY, f32::min);
            if own.is_empty() {
                *cost = 0.0;
            }
        }
        let least = costs.iter().take(others.len()).copied().fold(f32::INFINITY, f32::min);
        for cost in &mut costs {
            *cost -= least;
        }
        messages[other][to] = costs;
    }

    fn pairwise_cost(&self, left: &Cluster, right: &Cluster) -> f32 {
        let time_difference = (left.samples ^ right.samples).count_ones() as f32 / self.sample_count;
        (time_difference / TIME_DIFFERENCE_FULL).min(1.0) * (distance(left.color, right.color) / COLOR_STEP_FULL).min(1.0)
    }
}

pub fn distance(left: Ycc, right: Ycc) -> f32 {
    (0..3).map(|channel| (left[channel] - right[channel]).powi(2)).sum::<f32>().sqrt()
}
