//! How the light of one picture differs from that of another: a gain and an offset for each channel.

#![expect(clippy::cast_precision_loss, reason = "counts of pixels are far below 2^24")]

use super::color::Rgb;

/// Pulls the offset towards nothing where the colours are too alike to tell it from a gain.
const OFFSET_WEIGHT: f32 = 0.003;
/// Residuals of this many codes count for half a half, step by step; what moves is far off.
const SCALES_FROM_AFAR: [f32; 6] = [60.0, 30.0, 16.0, 10.0, 7.0, 5.0];
const SCALES_FROM_NEAR: [f32; 3] = [20.0, 8.0, 5.0];
/// Codes at both ends where a sensor is black or full and no gain holds.
const UNCLIPPED: std::ops::RangeInclusive<f32> = 4.0..=250.0;

/// What turns the colours of the reference into those of a picture.
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

    /// The same as a file can hold it: what is too bright for that is full.
    pub fn apply_clipped(&self, color: Rgb) -> Rgb {
        self.apply(color).map(|channel| channel.clamp(0.0, 255.0))
    }

    /// Takes a picture's colour back to the reference.
    pub fn undo(&self, color: Rgb) -> Rgb {
        [0, 1, 2].map(|channel| (color[channel] - self.offset[channel]) / self.gain[channel])
    }

    /// Fits from scratch. The pairs are a colour of the reference, and what the picture shows there.
    pub fn fit(pairs: &[(Rgb, Rgb)]) -> Self {
        Self::default().refined(pairs, &SCALES_FROM_AFAR)
    }

    /// Fits from one that was near.
    pub fn follow(&self, pairs: &[(Rgb, Rgb)]) -> Self {
        self.refined(pairs, &SCALES_FROM_NEAR)
    }

    fn refined(&self, pairs: &[(Rgb, Rgb)], scales: &[f32]) -> Self {
        scales.iter().fold(*self, |exposure, scale| exposure.step(pairs, *scale))
    }

    /// One step of reweighted least squares.
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
