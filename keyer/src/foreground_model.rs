//! Foreground model: distance of the subject's colours from the screen's, by direction in colour
//! space.
//!
//! A mixture lies on the line from the screen to the foreground, so its direction is measured and
//! its position on the line is alpha. Directions are stored on an unfolded octahedron.
//! Source: Meyer et al., "On Floating-Point Normal Vectors", 2010. Constants: see the README.

use crate::color::{code, greater};
use crate::screen_space::{ScreenSpace, Ypq};

/// Directions along each side of the unfolded octahedron; bins of the distance, and their width.
/// Units of the width: of 255.
const SIDE: usize = 64;
const RADII: usize = 40;
const RADIUS_STEP: f32 = 12.0;
/// Share of a direction's samples, the farthest from the screen, that are taken for pure
/// foreground; nearer ones may be mixtures.
const OUTER_SHARE: f32 = 0.35;
/// Samples beyond this share of that distance are averaged with them.
const OUTER_RADIUS_MIN: f32 = 0.7;
/// Windows over neighbouring directions, blended from wide to narrow: reach, samples at which a
/// window has half the weight, and its part in the confidence.
const WINDOWS: [(usize, f32, f32); 4] = [(8, 60.0, 0.3), (4, 40.0, 0.3), (2, 20.0, 0.3), (0, 8.0, 1.0)];
/// Least radius. Units: of 255, L1 norm.
const RADIUS_MIN: f32 = 24.0;

/// Radius and confidence by direction, for one shot.
#[derive(Debug, Clone)]
pub struct ForegroundModel {
    counts: Vec<[f32; RADII]>,
    /// Radius of directions without samples.
    prior: Vec<f32>,
    radius: Vec<f32>,
    /// 1 over `radius`.
    scale: Vec<f32>,
    confidence: Vec<f32>,
    /// Integral image: sum of radii and number of samples above and to the left.
    integral: Vec<[f32; 2]>,
}

/// L1 norm: cheap, and proportional to alpha along a line.
#[inline]
pub fn length([y, p, q]: Ypq) -> f32 {
    y.abs() + p.abs() + q.abs()
}

#[inline]
fn octahedron_position(difference: Ypq) -> (f32, f32) {
    let scale = 1.0 / greater(length(difference), 1e-3);
    let [y, p, q] = difference.map(|channel| channel * scale);
    let unfolded = if p <= 0.0 { [y, q] } else { [(1.0 - q.abs()).copysign(y), (1.0 - y.abs()).copysign(q)] };
    let half = (SIDE - 1) as f32 * 0.5;
    ((unfolded[0] + 1.0) * half, (unfolded[1] + 1.0) * half)
}

/// Number of the nearest direction to that of a difference.
#[inline]
pub fn nearest_direction(difference: Ypq) -> u32 {
    let (s, t) = octahedron_position(difference);
    code(t) * SIDE as u32 + code(s)
}

impl ForegroundModel {
    pub fn new(space: &ScreenSpace, screen: Ypq) -> Self {
        let prior: Vec<f32> = (0..SIDE * SIDE).map(|index| prior_radius(space, screen, direction(index))).collect();
        Self {
            counts: vec![[0.0; RADII]; SIDE * SIDE],
            scale: prior.iter().map(|radius| 1.0 / radius).collect(),
            radius: prior.clone(),
            confidence: vec![0.0; SIDE * SIDE],
            integral: vec![[0.0; 2]; (SIDE + 1) * (SIDE + 1)],
            prior,
        }
    }

    /// Adds a certain colour of the subject, minus that of the screen.
    pub fn add_sample(&mut self, difference: Ypq) {
        let radius = (length(difference) * (1.0 / RADIUS_STEP)) as usize;
        self.counts[nearest_direction(difference) as usize][radius.min(RADII - 1)] += 1.0;
    }

    /// Computes radii and confidences from the samples, once, and discards the samples.
    pub fn update(&mut self) {
        for t in 0..SIDE {
            let (mut sum, mut weight) = (0.0, 0.0);
            for s in 0..SIDE {
                let [radius, count] = self.outer_radii(s, t);
                sum += radius;
                weight += count;
                let [above, count_above] = self.integral[t * (SIDE + 1) + s + 1];
                self.integral[(t + 1) * (SIDE + 1) + s + 1] = [above + sum, count_above + weight];
            }
        }
        for index in 0..SIDE * SIDE {
            let (s, t) = (index % SIDE, index / SIDE);
            let (mut radius, mut confidence) = (self.prior[index], 0.0);
            // From the widest window to the direction's own.
            for (reach, full, certainty) in WINDOWS {
                let [sum, weight] = self.window_sums(s, t, reach);
                if weight > 0.5 {
                    let share = weight / (weight + full);
                    radius += (sum / weight - radius) * share;
                    confidence += (1.0 - confidence) * share * certainty;
                }
            }
            self.radius[index] = radius;
            self.scale[index] = 1.0 / radius;
            self.confidence[index] = confidence;
        }
        self.counts = Vec::new();
        self.integral = Vec::new();
    }

    /// Sum of the radii of a direction's outer samples, and their number.
    fn outer_radii(&self, s: usize, t: usize) -> [f32; 2] {
        let mut counts = [0.0_f32; RADII];
        for (nt, down) in [(t.wrapping_sub(1), 0.5), (t, 1.0), (t + 1, 0.5)] {
            for (ns, across) in [(s.wrapping_sub(1), 0.5), (s, 1.0), (s + 1, 0.5)] {
                if nt < SIDE && ns < SIDE {
                    for (count, other) in counts.iter_mut().zip(&self.counts[nt * SIDE + ns]) {
                        *count += other * (down * across);
                    }
                }
            }
        }
        let total: f32 = counts.iter().sum();
        if total < 1.0 {
            return [0.0; 2];
        }
        let mut beyond = 0.0;
        let far = counts.iter().rposition(|count| {
            beyond += count;
            beyond > total * OUTER_SHARE
        });
        let least = (far.unwrap_or_default() as f32 + 0.5) * OUTER_RADIUS_MIN;
        let radii =
            counts.iter().enumerate().map(|(bin, count)| (bin as f32 + 0.5, count)).filter(|(radius, _)| *radius >= least);
        radii.fold([0.0; 2], |[sum, weight], (radius, count)| [sum + radius * RADIUS_STEP * count, weight + count])
    }

    fn window_sums(&self, s: usize, t: usize, reach: usize) -> [f32; 2] {
        let (left, right) = (s.saturating_sub(reach), (s + reach + 1).min(SIDE));
        let (top, bottom) = (t.saturating_sub(reach), (t + reach + 1).min(SIDE));
        let at = |s: usize, t: usize| self.integral[t * (SIDE + 1) + s];
        let corners = [at(right, bottom), at(left, top), at(right, top), at(left, bottom)];
        [0, 1].map(|index| corners[0][index] + corners[1][index] - corners[2][index] - corners[3][index])
    }

    /// 1 / radius of a [`nearest_direction`]: fast, for the coarse alpha.
    pub fn scale(&self, direction: u32) -> f32 {
        self.scale[direction as usize]
    }

    /// Radius in the direction of a colour, and its confidence, 0 to 1; bilinear.
    pub fn radius_and_confidence(&self, difference: Ypq) -> (f32, f32) {
        let (s, t) = octahedron_position(difference);
        let (left, top) = ((s as usize).min(SIDE - 2), (t as usize).min(SIDE - 2));
        let (x, y) = (s - left as f32, t - top as f32);
        let index = top * SIDE + left;
        let blend = |plane: &[f32]| {
            let upper = plane[index] + (plane[index + 1] - plane[index]) * x;
            let lower = plane[index + SIDE] + (plane[index + SIDE + 1] - plane[index + SIDE]) * x;
            upper + (lower - upper) * y
        };
        (blend(&self.radius), blend(&self.confidence))
    }
}

/// The direction of a bin of the unfolded octahedron.
fn direction(index: usize) -> Ypq {
    let scale = 2.0 / (SIDE - 1) as f32;
    let (s, t) = ((index % SIDE) as f32 * scale - 1.0, (index / SIDE) as f32 * scale - 1.0);
    let inner = 1.0 - s.abs() - t.abs();
    if inner >= 0.0 { [s, -inner, t] } else { [(1.0 - t.abs()).copysign(s), -inner, (1.0 - s.abs()).copysign(t)] }
}

/// Radius without samples: where a ray from the screen colour enters the hues that cannot be a
/// mixture with the screen, or leaves the RGB cube.
fn prior_radius(space: &ScreenSpace, screen: Ypq, [y, p, q]: Ypq) -> f32 {
    let wedge = q.abs() - p;
    let mut reach = if wedge > 1e-3 { screen[1] / wedge } else { f32::MAX };
    let (base, step) = (space.to_rgb(screen), space.to_rgb([y, p, q]));
    for (base, step) in base.into_iter().zip(step) {
        if step > 1e-4 {
            reach = reach.min((255.0 - base) / step);
        } else if step < -1e-4 {
            reach = reach.min(base / -step);
        }
    }
    reach.max(RADIUS_MIN)
}
