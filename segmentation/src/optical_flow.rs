//! Dense optical flow: inverse-search patches from coarse to fine, then edge-aware smoothing.
//! Source: Kroeger et al., "Fast Optical Flow using Dense Inverse Search", 2016; its variational
//! refinement is replaced by a mean that is weighted by similar luma.

use rayon::prelude::*;

use crate::plane::{Plane, float, position, signed};

/// Side of a patch and distance between patches. Units: pixels of a level.
const PATCH_PX: usize = 8;
const STRIDE_PX: usize = 4;
const PIXELS: usize = PATCH_PX * PATCH_PX;
/// Shorter side of the coarsest level. Units: pixels.
const COARSEST_PX: usize = 12;
/// Most steps of the search for one patch.
const STEPS_MAX: usize = 12;
/// A step that is shorter ends the search. Units: pixels.
const STEP_PX_MIN: f32 = 0.02;
/// Added to the diagonal of the structure tensor of a patch. Units: squared luma per pixel.
const REGULARISATION: f32 = 4.0;
/// Reach of smoothing, and difference of luma at which its weight is 1 ÷ e.
const SMOOTHING_REACH_PX: usize = 2;
const SMOOTHING_LUMA: f32 = 8.0;

/// Motion of each pixel to the same point of another frame, right and down. Units: pixels.
pub type Flow = Plane<[f32; 2]>;

impl Flow {
    /// Interpolates between the four vectors around a position.
    #[inline]
    pub(crate) fn bilinear(&self, x: f32, y: f32) -> [f32; 2] {
        let (corners, weights) = self.corners(x, y);
        let mut mixed = [0.0; 2];
        for (corner, weight) in corners.iter().zip(weights) {
            mixed = [mixed[0] + corner[0] * weight, mixed[1] + corner[1] * weight];
        }
        mixed
    }
}

/// The levels of a frame's luma, the finest first.
#[derive(Debug)]
pub struct LumaPyramid(Vec<Plane<f32>>);

impl LumaPyramid {
    /// All levels of a luma plane.
    pub fn new(luma: Plane<f32>) -> Self {
        let mut levels = vec![luma];
        while let Some(last) = levels.last()
            && last.width.min(last.height) >= COARSEST_PX * 2
        {
            levels.push(last.halved());
        }
        Self(levels)
    }
}

/// The flow from one frame to another of the same size.
pub fn flow(from: &LumaPyramid, to: &LumaPyramid) -> Flow {
    let mut found: Option<Flow> = None;
    for (from, to) in from.0.iter().zip(&to.0).rev() {
        let initial = found
            .take()
            .map_or_else(|| Plane::filled(from.width, from.height, [0.0; 2]), |coarse| doubled(&coarse, from.width, from.height));
        let patches = Patches::search(from, to, &initial);
        found = Some(smoothed(&patches.densified(from, to, &initial), from));
    }
    found.unwrap_or_else(|| Plane::filled(0, 0, [0.0; 2]))
}

/// The flow of the next finer level.
fn doubled(coarse: &Flow, width: usize, height: usize) -> Flow {
    Plane::from_fn(width, height, |x, y| {
        let (x, y) = (position(x, width, coarse.width), position(y, height, coarse.height));
        coarse.bilinear(x, y).map(|part| part * 2.0)
    })
}

/// One vector for each patch of a regular grid.
struct Patches {
    across: usize,
    down: usize,
    vectors: Vec<[f32; 2]>,
}

/// Left or upper pixel of a patch; the last patch ends at the border.
fn start(index: usize, side: usize) -> usize {
    (index * STRIDE_PX).min(side.saturating_sub(PATCH_PX))
}

fn count(side: usize) -> usize {
    side.saturating_sub(PATCH_PX).div_ceil(STRIDE_PX) + 1
}

impl Patches {
    fn search(from: &Plane<f32>, to: &Plane<f32>, initial: &Flow) -> Self {
        let (across, down) = (count(from.width), count(from.height));
        let vectors = (0..across * down)
            .into_par_iter()
            .map(|index| {
                let (left, top) = (start(index % across, from.width), start(index / across, from.height));
                let middle = (left + PATCH_PX / 2).min(from.width - 1) + (top + PATCH_PX / 2).min(from.height - 1) * from.width;
                search_patch(from, to, (left, top), initial.values[middle])
            })
            .collect();
        Self { across, down, vectors }
    }

    /// The mean of the patches over each pixel, weighted by how well luma agrees.
    fn densified(&self, from: &Plane<f32>, to: &Plane<f32>, initial: &Flow) -> Flow {
        let range = |place: usize, side: usize, patches: usize| {
            let first = (place + 1).saturating_sub(PATCH_PX).div_ceil(STRIDE_PX);
            let covering = (first..patches).take_while(move |index| start(*index, side) <= place);
            covering.filter(move |index| place < start(*index, side) + PATCH_PX)
        };
        Plane::from_fn(from.width, from.height, |x, y| {
            let luma = from.values[y * from.width + x];
            let (mut sum, mut weights) = ([0.0; 2], 0.0);
            for row in range(y, from.height, self.down) {
                for column in range(x, from.width, self.across) {
                    let vector = self.vectors[row * self.across + column];
                    let error = (to.bilinear(float(x) + vector[0], float(y) + vector[1]) - luma).abs();
                    let weight = 1.0 / error.max(1.0);
                    sum = [sum[0] + weight * vector[0], sum[1] + weight * vector[1]];
                    weights += weight;
                }
            }
            if weights > 0.0 { sum.map(|part| part / weights) } else { initial.values[y * from.width + x] }
        })
    }
}

/// The pixels of a patch whose first pixel lies at a position between pixels.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
fn patch_at(plane: &Plane<f32>, x: f32, y: f32) -> [f32; PIXELS] {
    let mut patch = [0.0; PIXELS];
    let (right, bottom) = (float(plane.width) - float(PATCH_PX) - 1.0, float(plane.height) - float(PATCH_PX) - 1.0);
    if !(x >= 0.0 && y >= 0.0 && x < right && y < bottom) {
        for (index, value) in patch.iter_mut().enumerate() {
            *value = plane.bilinear(x + float(index % PATCH_PX), y + float(index / PATCH_PX));
        }
        return patch;
    }
    // All pixels have the same weights.
    let (left, top) = (x as usize, y as usize);
    let (across, down) = (x - float(left), y - float(top));
    let weights = [(1.0 - across) * (1.0 - down), across * (1.0 - down), (1.0 - across) * down, across * down];
    for (row, values) in patch.chunks_exact_mut(PATCH_PX).enumerate() {
        let start = (top + row) * plane.width + left;
        let upper = &plane.values[start..=start + PATCH_PX];
        let lower = &plane.values[start + plane.width..=start + plane.width + PATCH_PX];
        for (index, value) in values.iter_mut().enumerate() {
            *value = upper[index] * weights[0]
                + upper[index + 1] * weights[1]
                + lower[index] * weights[2]
                + lower[index + 1] * weights[3];
        }
    }
    patch
}

/// Finds a patch in the other frame by Gauss–Newton steps with the gradients of this one. Mean
/// luma is ignored.
fn search_patch(from: &Plane<f32>, to: &Plane<f32>, (left, top): (usize, usize), initial: [f32; 2]) -> [f32; 2] {
    let (mut luma, mut gradients) = ([0.0; PIXELS], [[0.0; 2]; PIXELS]);
    for (index, (luma, gradient)) in luma.iter_mut().zip(&mut gradients).enumerate() {
        let (x, y) = (signed(left + index % PATCH_PX), signed(top + index / PATCH_PX));
        *luma = from.at(x, y);
        *gradient = [(from.at(x + 1, y) - from.at(x - 1, y)) * 0.5, (from.at(x, y + 1) - from.at(x, y - 1)) * 0.5];
    }
    let count = float(PIXELS);
    let mean = |axis: usize| gradients.iter().map(|gradient| gradient[axis]).sum::<f32>() / count;
    let means = [mean(0), mean(1)];
    for gradient in &mut gradients {
        *gradient = [gradient[0] - means[0], gradient[1] - means[1]];
    }
    let product = |one: usize, other: usize| gradients.iter().map(|gradient| gradient[one] * gradient[other]).sum::<f32>();
    let (xx, xy, yy) = (product(0, 0) + REGULARISATION * count, product(0, 1), product(1, 1) + REGULARISATION * count);
    let determinant = xx * yy - xy * xy;
    let mean_luma = luma.iter().sum::<f32>() / count;
    let residual = |vector: [f32; 2]| {
        let mut other = patch_at(to, float(left) + vector[0], float(top) + vector[1]);
        let shift = other.iter().sum::<f32>() / count - mean_luma;
        other.iter_mut().zip(luma).for_each(|(other, luma)| *other -= luma + shift);
        other
    };
    let energy = |residual: &[f32; PIXELS]| residual.iter().map(|difference| difference * difference).sum::<f32>();
    let mut vector = initial;
    let mut difference = residual(vector);
    let (mut best, mut best_energy) = (vector, energy(&difference));
    for _ in 0..STEPS_MAX {
        let along = |axis: usize| gradients.iter().zip(difference).map(|(gradient, off)| gradient[axis] * off).sum::<f32>();
        let (x, y) = (along(0), along(1));
        let step = [(yy * x - xy * y) / determinant, (xx * y - xy * x) / determinant];
        vector = [vector[0] - step[0], vector[1] - step[1]];
        if (vector[0] - initial[0]).hypot(vector[1] - initial[1]) > float(PATCH_PX) {
            break;
        }
        difference = residual(vector);
        let now = energy(&difference);
        if now < best_energy {
            (best, best_energy) = (vector, now);
        }
        if step[0].hypot(step[1]) < STEP_PX_MIN {
            break;
        }
    }
    best
}

/// The mean of the vectors nearby, weighted by similar luma.
fn smoothed(flow: &Flow, luma: &Plane<f32>) -> Flow {
    Plane::from_fn(flow.width, flow.height, |x, y| {
        let own = luma.values[y * flow.width + x];
        let (mut sum, mut weights) = ([0.0; 2], 0.0);
        for row in y.saturating_sub(SMOOTHING_REACH_PX)..(y + SMOOTHING_REACH_PX + 1).min(flow.height) {
            let first = row * flow.width + x.saturating_sub(SMOOTHING_REACH_PX);
            let last = row * flow.width + (x + SMOOTHING_REACH_PX).min(flow.width - 1);
            for (vector, other) in flow.values[first..=last].iter().zip(&luma.values[first..=last]) {
                // Falls like a Gaussian, without an exponential.
                let distance = (other - own) * (1.0 / SMOOTHING_LUMA);
                let falloff = 1.0 / (1.0 + distance * distance);
                let weight = falloff * falloff;
                sum = [sum[0] + weight * vector[0], sum[1] + weight * vector[1]];
                weights += weight;
            }
        }
        sum.map(|part| part / weights)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texture(x: f32, y: f32) -> f32 {
        120.0 + 50.0 * (x * 0.21 + y * 0.07).sin() + 40.0 * (y * 0.17 - x * 0.05).cos() + 20.0 * (x * 0.6).sin() * (y * 0.5).sin()
    }

    #[test]
    fn a_moving_square_and_a_moving_background_are_followed() {
        let (square, background) = ([6.5, -3.0], [-4.0, 1.5]);
        let frame = |share: f32| {
            Plane::from_fn(160, 90, move |x, y| {
                let (x, y) = (float(x), float(y));
                let inside = |x: f32, y: f32| (50.0..100.0).contains(&x) && (25.0..65.0).contains(&y);
                let (sx, sy) = (x - square[0] * share, y - square[1] * share);
                if inside(sx, sy) {
                    texture(sx * 1.7 + 400.0, sy * 1.7)
                } else {
                    texture(x - background[0] * share, y - background[1] * share)
                }
            })
        };
        let (from, to) = (LumaPyramid::new(frame(0.0)), LumaPyramid::new(frame(1.0)));
        let found = flow(&from, &to);
        let error = |x: usize, y: usize, truth: [f32; 2]| {
            let vector = found.values[y * 160 + x];
            (vector[0] - truth[0]).hypot(vector[1] - truth[1])
        };
        for (x, y) in [(75, 45), (60, 35), (90, 55)] {
            assert!(error(x, y, square) < 0.5, "{x} {y}: {:?}", found.values[y * 160 + x]);
        }
        for (x, y) in [(20, 20), (20, 70), (135, 20), (135, 70)] {
            assert!(error(x, y, background) < 0.5, "{x} {y}: {:?}", found.values[y * 160 + x]);
        }
    }

    #[test]
    fn pictures_smaller_than_a_patch_do_not_panic() {
        for (width, height) in [(1, 1), (5, 3), (9, 40), (200, 2)] {
            let frame = LumaPyramid::new(Plane::from_fn(width, height, |x, y| float(x * 3 + y)));
            assert_eq!(flow(&frame, &frame).values.len(), width * height);
        }
    }
}
