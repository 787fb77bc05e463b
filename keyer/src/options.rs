//! Optional settings. All are unset by default, and no clip needs any.

use crate::color::Rgb;

/// Least distance of the white point from the black point. Units: alpha.
const LEVELS_MIN: f32 = 1.0 / 255.0;

/// Overrides of the values that the keyer measures.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct KeyOptions {
    /// Screen colour, instead of the detected one.
    /// Units: 0 to 255, gamma-coded as in the file.
    pub screen_color: Option<Rgb>,
    /// Black point of the matte: alpha up to this becomes 0, and alpha from here to `white_point`
    /// is stretched.
    /// Units: 0 to 1; 0 changes nothing.
    pub black_point: Option<f32>,
    /// White point of the matte: alpha from this becomes 1. At or below `black_point`, the matte is
    /// a hard threshold there.
    /// Units: 0 to 1; 1 changes nothing.
    pub white_point: Option<f32>,
    /// Share of the measured spill that is removed.
    /// Units: 0 to 1; unset is 1.
    pub spill_strength: Option<f32>,
    /// Treatment of the static set beside the screen.
    pub garbage_matte: GarbageMatte,
}

/// Garbage matte for the static set beside the screen: regions that touch the left, right or upper
/// border and never change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum GarbageMatte {
    /// No garbage matte: the set is opaque.
    Off,
    /// Regions that do not reach the lower border are clear: lamps, microphones, what is seen over
    /// the screen. What stands on the floor may belong to the subject and is opaque.
    #[default]
    Certain,
    /// The whole set is clear.
    All,
}

/// Black and white point of the matte.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Levels {
    black: f32,
    gain: f32,
}

impl Levels {
    /// The points that the options set; by default alpha is unchanged.
    #[must_use]
    pub fn new(options: &KeyOptions) -> Self {
        let black = options.black_point.unwrap_or(0.0).clamp(0.0, 1.0);
        let white = options.white_point.unwrap_or(1.0).clamp(0.0, 1.0);
        Self { black, gain: 1.0 / (white - black).max(LEVELS_MIN) }
    }

    /// Alpha with both points applied.
    #[must_use]
    #[inline]
    pub fn apply(self, alpha: f32) -> f32 {
        ((alpha - self.black) * self.gain).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(black: f32, white: f32) -> Levels {
        Levels::new(&KeyOptions { black_point: Some(black), white_point: Some(white), ..KeyOptions::default() })
    }

    #[test]
    fn alpha_is_stretched_between_black_and_white() {
        let levels = levels(0.2, 0.6);
        for (alpha, expected) in [(0.0, 0.0), (0.2, 0.0), (0.3, 0.25), (0.4, 0.5), (0.6, 1.0), (1.0, 1.0)] {
            assert!((levels.apply(alpha) - expected).abs() < 1e-5, "{alpha}");
        }
    }

    #[test]
    fn nothing_set_changes_nothing() {
        let levels = Levels::new(&KeyOptions::default());
        for alpha in [0.0, 0.1, 0.5, 1.0] {
            assert!((levels.apply(alpha) - alpha).abs() < f32::EPSILON, "{alpha}");
        }
    }

    #[test]
    fn points_in_the_wrong_order_cut_hard() {
        let levels = levels(0.6, 0.4);
        assert!(levels.apply(0.6) <= 0.0 && levels.apply(0.61) >= 1.0);
    }
}
