//! Manual settings of the keyer for one clip. All are optional: every value is measured from the
//! footage otherwise.

use serde::{Deserialize, Serialize};

use crate::color::HexColor;
use crate::names;

/// Overrides of the values that the keyer measures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KeySettings {
    /// Colour of the screen, instead of the detected one.
    pub screen_color: Option<HexColor>,
    /// Alpha up to this becomes 0.
    /// Units: 0 to 1.
    pub black_point: Option<f32>,
    /// Alpha from this on becomes 1.
    /// Units: 0 to 1, above `black_point`.
    pub white_point: Option<f32>,
    /// Share of the measured spill that is removed.
    /// Units: 1 is all, 0 none.
    pub spill_strength: Option<f32>,
    /// Treatment of the set beside the screen.
    pub garbage_matte: GarbageMatte,
}

names! {
    /// Treatment of the set: regions beside the screen that never move. Those that touch the lower
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
