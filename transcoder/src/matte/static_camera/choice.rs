//! Which of a pixel's colours is the background: that which continues its surroundings.
//!
//! Who rests for most of a clip is the most frequent colour there, but has an outline where the background has none. An energy
//! counts colour steps wherever two neighbours were not seen at the same times; belief propagation makes it small.
//! Source: Felzenszwalb and Huttenlocher, "Efficient Belief Propagation for Early Vision", 2006; sweeps as Tappen and Freeman, 2003.

#![expect(clippy::cast_precision_loss, reason = "there are at most 64 samples")]

use super::clusters::{Cluster, KEPT_MAX};
use super::color::{Ypq, is_shade};
use super::grid::Grid;

/// One more for what a caller says.
const LABELS: usize = KEPT_MAX + 1;
const SWEEPS: usize = 6;
/// A step of this many codes is as bad as any.
const STEP_FULL: f32 = 40.0;
/// Share of samples in which only one of two colours was seen, from which on they are of different times.
const APART_FULL: f32 = 0.2;
/// How much rarity and a difference from what the caller shows count, beside an outline's.
const RARE_WEIGHT: f32 = 0.07;
const GIVEN_WEIGHT: f32 = 2.0;
/// A colour this many codes from what the caller shows is another thing.
const GIVEN_FAR: f32 = 16.0;
/// What it costs to believe the caller's picture alone: it was taken at another time.
const GIVEN_COST: f32 = 1.0;
/// What it costs, besides, to believe a colour that hardly any sample shows, where a texture is of many colours and cloth of one.
const SELDOM_COST: f32 = 0.4;
const SELDOM_SHARE: f32 = 0.25;
/// What it costs to believe a colour that another one is in full light: shadows come and go, and only ever darken.
const SHADED_COST: f32 = 0.25;
/// Share of light that a shadow leaves, and how far its chroma may be off, in codes.
const SHADE: std::ops::Range<f32> = 0.6..0.97;
const SHADE_CHROMA_MAX: f32 = 1.5;

type Costs = [f32; LABELS];

/// The energy of one picture.
struct Energy<'a> {
    clusters: &'a [Vec<Cluster>],
    samples: f32,
    given: Option<&'a [Ypq]>,
}

/// The index of the background's colour in each pixel's list.
pub fn choose(grid: Grid, clusters: &[Vec<Cluster>], samples: usize, given: Option<&[Ypq]>) -> Vec<usize> {
    let energy = Energy { clusters, samples: samples as f32, given };
    // What a pixel hears from its left, right, upper and lower neighbour.
    let mut heard: Vec<[Costs; 4]> = vec![[[0.0; LABELS]; 4]; grid.len()];
    for _ in 0..SWEEPS {
        for row in 0..grid.rows {
            (1..grid.columns).for_each(|column| energy.tell(&mut heard, row * grid.columns + column - 1, 1, 0));
            (1..grid.columns).rev().for_each(|column| energy.tell(&mut heard, row * grid.columns + column, -1, 1));
        }
        let down = isize::try_from(grid.columns).unwrap_or(isize::MAX);
        for column in 0..grid.columns {
            (1..grid.rows).for_each(|row| energy.tell(&mut heard, (row - 1) * grid.columns + column, down, 2));
            (1..grid.rows).rev().for_each(|row| energy.tell(&mut heard, row * grid.columns + column, -down, 3));
        }
    }
    (0..grid.len())
        .map(|index| {
            let belief = energy.belief(&heard, index, usize::MAX);
            (0..clusters[index].len()).min_by(|left, right| belief[*left].total_cmp(&belief[*right])).unwrap_or_default()
        })
        .collect()
}

impl Energy<'_> {
    fn own(&self, index: usize) -> Costs {
        let mut costs = [0.0; LABELS];
        for (cost, cluster) in costs.iter_mut().zip(&self.clusters[index]) {
            let share = cluster.count() as f32 / self.samples;
            // Seen again after something else: the background comes back, a subject seldom to the very place.
            let is_back = (cluster.seen ^ cluster.seen >> 1).count_ones() > 2;
            *cost = RARE_WEIGHT * (-share.max(0.01).ln() - if is_back { 0.7 } else { 0.0 });
            if cluster.seen != 0 {
                *cost += SELDOM_COST * (1.0 - share / SELDOM_SHARE).max(0.0);
            }
            if self.given.is_none()
                && self.clusters[index].iter().any(|other| is_shade(cluster.color, other.color, &SHADE, SHADE_CHROMA_MAX))
            {
                *cost += SHADED_COST;
            }
            if let Some(given) = self.given {
                *cost += if cluster.seen == 0 {
                    GIVEN_COST
                } else {
                    GIVEN_WEIGHT * (distance(given[index], cluster.color) / GIVEN_FAR).min(1.0)
                };
            }
        }
        costs
    }

    /// What speaks against each colour, but for what one neighbour says.
    fn belief(&self, heard: &[[Costs; 4]], index: usize, but: usize) -> Costs {
        let mut sum = self.own(index);
        for (_, costs) in heard[index].iter().enumerate().filter(|(from, _)| *from != but) {
            for (sum, cost) in sum.iter_mut().zip(costs) {
                *sum += cost;
            }
        }
        sum
    }

    /// A pixel tells its neighbour what each of the neighbour's colours would cost.
    fn tell(&self, heard: &mut [[Costs; 4]], index: usize, step: isize, to: usize) {
        let Some(other) = index.checked_add_signed(step) else { return };
        let (own, others) = (&self.clusters[index], &self.clusters[other]);
        if others.len() < 2 {
            return;
        }
        // What the neighbour itself said is left out: it lies in the opposite place.
        let belief = self.belief(heard, index, to ^ 1);
        let mut costs = [0.0; LABELS];
        for (cost, other) in costs.iter_mut().zip(others) {
            let through = own.iter().zip(belief).map(|(own, belief)| belief + self.between(own, other));
            *cost = through.fold(f32::INFINITY, f32::min);
            if own.is_empty() {
                *cost = 0.0;
            }
        }
        let least = costs.iter().take(others.len()).copied().fold(f32::INFINITY, f32::min);
        for cost in &mut costs {
            *cost -= least;
        }
        heard[other][to] = costs;
    }

    fn between(&self, left: &Cluster, right: &Cluster) -> f32 {
        let apart = (left.seen ^ right.seen).count_ones() as f32 / self.samples;
        (apart / APART_FULL).min(1.0) * (distance(left.color, right.color) / STEP_FULL).min(1.0)
    }
}

pub fn distance(left: Ypq, right: Ypq) -> f32 {
    (0..3).map(|channel| (left[channel] - right[channel]).powi(2)).sum::<f32>().sqrt()
}
