//! Distance of a block from the screen behind it.

use super::screen_space::Ypq;
use ::keyer::color::dot;

/// Weights of a squared distance between colours.
#[derive(Debug, Clone, Copy)]
pub struct ScreenDistance {
    /// Weight of the squared difference, by channel.
    pub weights: Ypq,
    /// Unit vector in whose direction the weight differs by `along_weight`.
    pub along: Ypq,
    /// Added to the weight along `along`; negative where brightness may vary more than hue.
    pub along_weight: f32,
}

impl ScreenDistance {
    /// The distance in deviations of the noise.
    pub fn of_noise(noise: Ypq) -> Self {
        Self { weights: noise.map(|noise| 1.0 / (noise * noise)), along: [0.0; 3], along_weight: 0.0 }
    }

    /// A distance of 8 at either limit, each a share of the screen's length: `brightness_max` along
    /// the screen's own colour,
    /// `tint_max` across it. Uneven light changes brightness more than hue.
    pub fn of_uneven_light(screen: Ypq, tint_max: f32, brightness_max: f32) -> Self {
        let length = dot(screen, screen).sqrt().max(1.0);
        let weight = |share: f32| 8.0 / (share * length * share * length);
        Self {
            weights: [weight(tint_max); 3],
            along: screen.map(|channel| channel / length),
            along_weight: weight(brightness_max) - weight(tint_max),
        }
    }

    /// Squared distance of a difference of colours.
    pub fn distance(&self, [y, p, q]: Ypq) -> f32 {
        let along = y * self.along[0] + p * self.along[1] + q * self.along[2];
        y * y * self.weights[0] + p * p * self.weights[1] + q * q * self.weights[2] + along * along * self.along_weight
    }
}
