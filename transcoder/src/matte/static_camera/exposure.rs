//! Exposure and white balance of a picture relative to a reference: a gain and an offset per
//! channel, fitted robustly.

#![expect(clippy::cast_precision_loss, reason = "counts of pixels are far below 2^24")]

use super::color::Rgb;

/// Regularises the offset towards 0 where all colours are similar, and gain and offset cannot be
/// separated.
const OFFSET_WEIGHT: f32 = 0.003;
/// Residual at which the weight of a pixel is a quarter, by iteration: first without an initial
/// value, then with one. Moving subjects have large residuals. Units: codes.
const SCALES_FROM_AFAR: [f32; 6] = [60.0, 30.0, 16.0, 10.0, 7.0, 5.0];
const SCALES_FROM_NEAR: [f32; 3] = [20.0, 8.0, 5.0];
/// Codes that are not clipped: beyond, the sensor is black or saturated.
const UNCLIPPED: std::ops::RangeInclusive<f32> = 4.0..=250.0;

/// Maps colours of the reference to those of a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exposure {
    pub gain: Rgb,
    pub offset: Rgb,
}

impl Default for Exposure {
    fn default() -> Self {
        Self { gain: [1.0; 3], offset: [0.0; 3] }
    }
}

impl Exposure {
    pub fn apply(&self, color: Rgb) -> Rgb {
        [0, 1, 2].map(|channel| color[channel] * self.gain[channel] + self.offset[channel])
    }

    /// As [`Exposure::apply`], clipped to 0–255.
    pub fn apply_clipped(&self, color: Rgb) -> Rgb {
        self.apply(color).map(|channel| channel.clamp(0.0, 255.0))
    }

    /// Inverse of [`Exposure::apply`].
    pub fn undo(&self, color: Rgb) -> Rgb {
        [0, 1, 2].map(|channel| (color[channel] - self.offset[channel]) / self.gain[channel])
    }

    /// Fits without an initial value. A pair is a colour of the reference and that of the picture
    /// at the same place.
    pub fn fit(pairs: &[(Rgb, Rgb)]) -> Self {
        Self::default().refined(pairs, &SCALES_FROM_AFAR)
    }

    /// Fits with this exposure as the initial value.
    pub fn follow(&self, pairs: &[(Rgb, Rgb)]) -> Self {
        self.refined(pairs, &SCALES_FROM_NEAR)
    }

    fn refined(&self, pairs: &[(Rgb, Rgb)], scales: &[f32]) -> Self {
        scales.iter().fold(*self, |exposure, scale| exposure.step(pairs, *scale))
    }

    /// One iteration of reweighted least squares.
    fn step(&self, pairs: &[(Rgb, Rgb)], scale: f32) -> Self {
        let mut sums = [[0.0_f64; 5]; 3];
        for (reference, seen) in pairs {
            let expected = self.apply(*reference);
            let far: f32 = (0..3).map(|channel| (seen[channel] - expected[channel]).powi(2)).sum();
            let weight = 1.0 / (1.0 + far / (scale * scale));
            let weight = weight * weight;
            for (channel, [all, from, to, square, both]) in sums.iter_mut().enumerate() {
                let (reference, seen) = (reference[channel], seen[channel]);
                if UNCLIPPED.contains(&reference) && UNCLIPPED.contains(&seen) {
                    *all += f64::from(weight);
                    *from += f64::from(weight * reference);
                    *to += f64::from(weight * seen);
                    *square += f64::from(weight * reference * reference);
                    *both += f64::from(weight * reference * seen);
                }
            }
        }
        let mut found = *self;
        for (channel, sums) in sums.iter().enumerate() {
            if sums[0] > (pairs.len() as f64 * 0.02).max(8.0) {
                [found.gain[channel], found.offset[channel]] = solved(*sums);
            }
        }
        found
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a gain is near 1, an offset near 0")]
fn solved([all, from, to, square, both]: [f64; 5]) -> [f32; 2] {
    let all_and_pull = all * f64::from(1.0 + OFFSET_WEIGHT);
    let determinant = square * all_and_pull - from * from;
    let gain = ((both * all_and_pull - from * to) / determinant).clamp(0.4, 2.5);
    let offset = (to - gain * from) / all_and_pull;
    [gain as f32, offset as f32]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn light_is_followed_whatever_stands_in_a_third_of_the_picture() {
        let truth = Exposure { gain: [1.15, 1.1, 0.9], offset: [3.0, 0.0, -4.0] };
        let pairs: Vec<(Rgb, Rgb)> = (0..3_000_u16)
            .map(|index| {
                let reference = [40 + index % 150, 30 + index / 7 % 160, 50 + index / 3 % 140].map(f32::from);
                let seen = if index % 3 == 0 { [200.0, 40.0, 30.0] } else { truth.apply(reference) };
                (reference, seen)
            })
            .collect();
        let found = Exposure::fit(&pairs);
        for color in [[60.0, 60.0, 60.0], [180.0, 150.0, 170.0]] {
            for (found, expected) in found.apply(color).iter().zip(truth.apply(color)) {
                assert!((found - expected).abs() < 1.0, "{found} is not {expected}");
            }
        }
    }
}
