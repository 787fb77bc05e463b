//! RGB colours as texts.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An RGB colour, written `#00b140`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HexColor(pub [u8; 3]);

impl HexColor {
    /// False for white, grey and black, which cannot be keyed.
    #[must_use]
    pub fn has_hue(self) -> bool {
        let [red, green, blue] = self.0;
        let (top, bottom) = (red.max(green).max(blue), red.min(green).min(blue));
        top >= CHANNEL_MIN && f32::from(top - bottom) >= SATURATION_MIN * f32::from(top)
    }
}

impl fmt::Display for HexColor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

/// The text is not `#` and six hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be `#` and six hexadecimal digits, such as `#00b140`")]
pub struct HexColorError;

/// Least difference between the largest and the smallest channel. Units: share of the largest.
const SATURATION_MIN: f32 = 0.25;
/// Least largest channel: the hue of darker colours is not known.
const CHANNEL_MIN: u8 = 12;

impl FromStr for HexColor {
    type Err = HexColorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix('#').unwrap_or_default();
        let number = u32::from_str_radix(digits, 16).map_err(|_| HexColorError)?;
        // `from_str_radix` takes a sign.
        if digits.len() != 6 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(HexColorError);
        }
        let [_, red, green, blue] = number.to_be_bytes();
        Ok(Self([red, green, blue]))
    }
}

impl TryFrom<String> for HexColor {
    type Error = HexColorError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<HexColor> for String {
    fn from(color: HexColor) -> Self {
        color.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_is_read_as_it_is_written() {
        assert_eq!("#00B140".parse(), Ok(HexColor([0, 177, 64])));
        assert_eq!(HexColor([0, 177, 64]).to_string(), "#00b140");
        for text in ["", "#", "00b140", "#00b14", "#00b1400", "#+0b140", "#00b14g", "green", "#00b1é"] {
            assert_eq!(text.parse::<HexColor>(), Err(HexColorError), "{text}");
        }
    }

    #[test]
    fn white_grey_and_black_have_no_hue() {
        for text in ["#ffffff", "#000000", "#808080", "#c8d0c8", "#000b00"] {
            assert!(!text.parse::<HexColor>().unwrap().has_hue(), "{text}");
        }
        for text in ["#0047bb", "#083e1a", "#5a8c50", "#ff00ff"] {
            assert!(text.parse::<HexColor>().unwrap().has_hue(), "{text}");
        }
    }
}
