//! What an expert may set. Nothing is set by default, and no clip needs it.

use crate::color::Rgb;

/// Matte alphas nearer to each other than this cannot be stretched apart.
const LEVELS_MIN: f32 = 1.0 / 255.0;

/// Overrides of what the keyer finds by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct KeyOptions {
    /// The screen's colour, instead of what was found.
    /// Units: 0 to 255, gamma-coded as in the file.
    pub screen_color: Option<Rgb>,
    /// Alpha up to this becomes 0; alpha between this and `white_point` is stretched.
    /// Units: 0 to 1; 0 changes nothing.
    pub black_point: Option<f32>,
    /// Alpha from this becomes 1. At or below `black_point`, the matte is cut hard there.
    /// Units: 0 to 1; 1 changes nothing.
    pub white_point: Option<f32>,
    /// How much of the screen's light on the subject is taken away, instead of all that is found.
    /// Units: 1 is all, 0 none.
    pub spill_strength: Option<f32>,
    /// What becomes of fixed things beside the screen.
    pub outside: Outside,
}

/// What becomes of what lies beside the screen for certain: it touches the picture's border and never moves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Outside {
    /// It is subject, as any keyer has it.
    #[default]
    Keep,
    /// It is cleared: a garbage matte.
    Clear,
}

/// Stretches alpha between two points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Levels {
    black: f32,
    gain: f32,
}

impl Levels {
    pub fn new(options: &KeyOptions) -> Self {
        let black = options.black_point.unwrap_or(0.0).clamp(0.0, 1.0);
        let white = options.white_point.unwrap_or(1.0).clamp(0.0, 1.0);
        Self { black, gain: 1.0 / (white - black).max(LEVELS_MIN) }
    }

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
