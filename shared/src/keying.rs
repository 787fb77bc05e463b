//! Manual settings of the keyer for one clip. All are optional: every value is measured from the
//! footage otherwise.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::names;

/// Overrides of the values that the keyer measures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KeySettings {
    /// Colour of the screen, instead of the detected one.
    pub screen_color: Option<ScreenColor>,
    /// Alpha up to this becomes 0.
    /// Units: 0 to 1.
    pub black_point: Option<f32>,
    /// Alpha from this on becomes 1.
    /// Units: 0 to 1, above `black_point`.
    pub white_point: Option<f32>,
    /// Share of the measured spill that is removed.
    /// Units: 1 is all, 0 none.
    pub spill_strength: Option<f32>,
    /// Treatment of what stands still beside the screen.
    pub garbage_matte: GarbageMatte,
}

names! {
    /// Treatment of what stands still beside the screen: the set. Regions that touch the lower
    /// border may belong to the subject.
    GarbageMatte {
        /// Regions that do not touch the lower border become transparent.
        Auto = "auto",
        /// The whole set becomes transparent.
        All = "all",
        /// The set is opaque.
        Off = "off",
    }
}

#[expect(clippy::derivable_impls, reason = "`names!` writes the enum")]
impl Default for GarbageMatte {
    fn default() -> Self {
        Self::Auto
    }
}

/// An RGB colour, written `#00b140`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ScreenColor(pub [u8; 3]);

impl ScreenColor {
    /// Whether it can be keyed: white, grey and black cannot.
    #[must_use]
    pub fn has_hue(self) -> bool {
        let [red, green, blue] = self.0;
        let (top, bottom) = (red.max(green).max(blue), red.min(green).min(blue));
        top >= CHANNEL_MIN && f32::from(top - bottom) >= SATURATION_MIN * f32::from(top)
    }
}

impl fmt::Display for ScreenColor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

/// The text is not `#` and six hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be `#` and six hexadecimal digits, such as `#00b140`")]
pub struct ScreenColorError;

/// Least difference between the largest and the smallest channel. Units: share of the largest.
const SATURATION_MIN: f32 = 0.25;
/// Least largest channel: the hue of darker colours is not known.
const CHANNEL_MIN: u8 = 12;

impl FromStr for ScreenColor {
    type Err = ScreenColorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix('#').unwrap_or_default();
        let number = u32::from_str_radix(digits, 16).map_err(|_| ScreenColorError)?;
        // `from_str_radix` takes a sign.
        if digits.len() != 6 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(ScreenColorError);
        }
        let [_, red, green, blue] = number.to_be_bytes();
        Ok(Self([red, green, blue]))
    }
}

impl TryFrom<String> for ScreenColor {
    type Error = ScreenColorError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ScreenColor> for String {
    fn from(color: ScreenColor) -> Self {
        color.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_is_read_as_it_is_written() {
        assert_eq!("#00B140".parse(), Ok(ScreenColor([0, 177, 64])));
        assert_eq!(ScreenColor([0, 177, 64]).to_string(), "#00b140");
        for text in ["", "#", "00b140", "#00b14", "#00b1400", "#+0b140", "#00b14g", "green", "#00b1é"] {
            assert_eq!(text.parse::<ScreenColor>(), Err(ScreenColorError), "{text}");
        }
    }

    #[test]
    fn white_grey_and_black_have_no_hue() {
        for text in ["#ffffff", "#000000", "#808080", "#c8d0c8", "#000b00"] {
            assert!(!text.parse::<ScreenColor>().unwrap().has_hue(), "{text}");
        }
        for text in ["#0047bb", "#083e1a", "#5a8c50", "#ff00ff"] {
            assert!(text.parse::<ScreenColor>().unwrap().has_hue(), "{text}");
        }
    }
}
