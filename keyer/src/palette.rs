//! Which colours the subject has, seen from the screen: how far out the subject lies in each direction of colour.
//!
//! A mixture lies on the line from the screen to the subject, so its direction is seen and its place on the line is its
//! alpha. Directions are kept on the unfolded octahedron. Source: Meyer et al., "On Floating-Point Normal Vectors", 2010.

use crate::color::{Space, Ypq};

/// Places along each side of the unfolded octahedron.
const SIDE: usize = 64;
const RADII: usize = 40;
const RADIUS_STEP: f32 = 12.0;
/// The farthest colours of a direction are the subject's own; nearer ones may be mixtures: this share tells the farthest.
const FAR_SHARE: f32 = 0.35;
/// And these, against the farthest, are still the subject.
const NEAR_MIN: f32 = 0.7;
/// Surroundings that lend their radius: reach, and the samples that count fully.
const SURROUNDINGS: [(usize, f32, f32); 4] = [(8, 60.0, 0.3), (4, 40.0, 0.3), (2, 20.0, 0.3), (0, 8.0, 1.0)];
/// A colour is never taken to lie nearer than this.
const RADIUS_MIN: f32 = 24.0;

/// The palette of one clip.
#[derive(Debug, Clone)]
pub struct Palette {
    counts: Vec<[f32; RADII]>,
    /// What is assumed where nothing is known.
    prior: Vec<f32>,
    radius: Vec<f32>,
    /// 1 over `radius`.
    scale: Vec<f32>,
    trust: Vec<f32>,
    /// Sums over everything above and to the left: of radii, and of samples.
    table: Vec<[f32; 2]>,
}

/// A length that is cheap, and in which a line's parts are as their shares.
pub fn length([y, p, q]: Ypq) -> f32 {
    y.abs() + p.abs() + q.abs()
}

fn place(seen: Ypq) -> (f32, f32) {
    let scale = 1.0 / length(seen).max(1e-3);
    let [y, p, q] = seen.map(|channel| channel * scale);
    let unfolded = if p <= 0.0 { [y, q] } else { [(1.0 - q.abs()).copysign(y), (1.0 - y.abs()).copysign(q)] };
    let half = (SIDE - 1) as f32 * 0.5;
    ((unfolded[0] + 1.0) * half, (unfolded[1] + 1.0) * half)
}

fn nearest(seen: Ypq) -> usize {
    let (s, t) = place(seen);
    ((t + 0.5) as usize).min(SIDE - 1) * SIDE + ((s + 0.5) as usize).min(SIDE - 1)
}

impl Palette {
    pub fn new(space: &Space, screen: Ypq) -> Self {
        let prior: Vec<f32> = (0..SIDE * SIDE).map(|index| prior_radius(space, screen, direction(index))).collect();
        Self {
            counts: vec![[0.0; RADII]; SIDE * SIDE],
            scale: prior.iter().map(|radius| 1.0 / radius).collect(),
            radius: prior.clone(),
            trust: vec![0.0; SIDE * SIDE],
            table: vec![[0.0; 2]; (SIDE + 1) * (SIDE + 1)],
            prior,
        }
    }

    /// Takes note of a colour that is surely the subject's, less the screen's.
    pub fn add(&mut self, seen: Ypq) {
        let radius = (length(seen) * (1.0 / RADIUS_STEP)) as usize;
        self.counts[nearest(seen)][radius.min(RADII - 1)] += 1.0;
    }

    /// Draws conclusions from what was added, once, and forgets it.
    pub fn learn(&mut self) {
        for t in 0..SIDE {
            let (mut sum, mut weight) = (0.0, 0.0);
            for s in 0..SIDE {
                let [radius, count] = self.outer(s, t);
                sum += radius;
                weight += count;
                let [above, count_above] = self.table[t * (SIDE + 1) + s + 1];
                self.table[(t + 1) * (SIDE + 1) + s + 1] = [above + sum, count_above + weight];
            }
        }
        for index in 0..SIDE * SIDE {
            let (s, t) = (index % SIDE, index / SIDE);
            let (mut radius, mut trust) = (self.prior[index], 0.0);
            // Ever narrower surroundings, the last one the direction's own.
            for (reach, full, telling) in SURROUNDINGS {
                let [sum, weight] = self.around(s, t, reach);
                if weight > 0.5 {
                    let share = weight / (weight + full);
                    radius += (sum / weight - radius) * share;
                    trust += (1.0 - trust) * share * telling;
                }
            }
            self.radius[index] = radius;
            self.scale[index] = 1.0 / radius;
            self.trust[index] = trust;
        }
        self.counts = Vec::new();
        self.table = Vec::new();
    }

    /// The sum of the radii of a direction's outer colours, and how many they are.
    fn outer(&self, s: usize, t: usize) -> [f32; 2] {
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
            beyond > total * FAR_SHARE
        });
        let least = (far.unwrap_or_default() as f32 + 0.5) * NEAR_MIN;
        let radii =
            counts.iter().enumerate().map(|(bin, count)| (bin as f32 + 0.5, count)).filter(|(radius, _)| *radius >= least);
        radii.fold([0.0; 2], |[sum, weight], (radius, count)| [sum + radius * RADIUS_STEP * count, weight + count])
    }

    fn around(&self, s: usize, t: usize, reach: usize) -> [f32; 2] {
        let (left, right) = (s.saturating_sub(reach), (s + reach + 1).min(SIDE));
        let (top, bottom) = (t.saturating_sub(reach), (t + reach + 1).min(SIDE));
        let at = |s: usize, t: usize| self.table[t * (SIDE + 1) + s];
        let corners = [at(right, bottom), at(left, top), at(right, top), at(left, bottom)];
        [0, 1].map(|index| corners[0][index] + corners[1][index] - corners[2][index] - corners[3][index])
    }

    /// What turns the length of a colour into alpha; quick and coarse.
    pub fn nearest_scale(&self, seen: Ypq) -> f32 {
        self.scale[nearest(seen)]
    }

    /// How far out the subject lies in the direction of a colour; and how sure that is, 0 to 1.
    pub fn find(&self, seen: Ypq) -> (f32, f32) {
        let (s, t) = place(seen);
        let (left, top) = ((s as usize).min(SIDE - 2), (t as usize).min(SIDE - 2));
        let (x, y) = (s - left as f32, t - top as f32);
        let index = top * SIDE + left;
        let blend = |plane: &[f32]| {
            let upper = plane[index] + (plane[index + 1] - plane[index]) * x;
            let lower = plane[index + SIDE] + (plane[index + SIDE + 1] - plane[index + SIDE]) * x;
            upper + (lower - upper) * y
        };
        (blend(&self.radius), blend(&self.trust))
    }
}

/// The direction of a place on the unfolded octahedron.
fn direction(index: usize) -> Ypq {
    let scale = 2.0 / (SIDE - 1) as f32;
    let (s, t) = ((index % SIDE) as f32 * scale - 1.0, (index / SIDE) as f32 * scale - 1.0);
    let inner = 1.0 - s.abs() - t.abs();
    if inner >= 0.0 { [s, -inner, t] } else { [(1.0 - t.abs()).copysign(s), -inner, (1.0 - s.abs()).copysign(t)] }
}

/// Where a ray from the screen meets the wedge of hues that no screen explains, or leaves the cube of colours.
fn prior_radius(space: &Space, screen: Ypq, [y, p, q]: Ypq) -> f32 {
    let wedge = q.abs() - p;
    let mut reach = if wedge > 1e-3 { screen[1] / wedge } else { f32::MAX };
    let (base, turn) = (space.to_rgb(screen), space.to_rgb([y, p, q]));
    for (base, turn) in base.into_iter().zip(turn) {
        if turn > 1e-4 {
            reach = reach.min((255.0 - base) / turn);
        } else if turn < -1e-4 {
            reach = reach.min(base / -turn);
        }
    }
    reach.max(RADIUS_MIN)
}
