//! The composition: background, canvas and placement of the subject.

use serde::{Deserialize, Serialize};

use crate::color::HexColor;
use crate::media::PixelSize;
use crate::names;
use crate::source::Source;

/// The default of `scale_millionths`: the largest size that fits into the canvas.
/// Units: millionths.
pub const SCALE_WHOLE: u32 = 1_000_000;

/// The canvas, the background and the placement of the subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Composition {
    /// Fills transparent pixels; none leaves them transparent.
    pub background: Option<HexColor>,
    /// A picture behind the subject, cropped to the canvas; takes precedence over the colour.
    pub picture: Option<Source>,
    /// The size that is shown; none is that of the source.
    pub canvas: Option<PixelSize>,
    /// The point of the picture that is aligned with the same point of the canvas.
    pub anchor: Anchor,
    /// Size of the picture relative to the largest that fits into the canvas.
    /// Units: millionths.
    pub scale_millionths: u32,
    /// Offset of the picture from its anchor, to the right and down.
    /// Units: pixels of the canvas.
    pub offset_px: (i32, i32),
}

impl Default for Composition {
    fn default() -> Self {
        Self {
            background: None,
            picture: None,
            canvas: None,
            anchor: Anchor::Center,
            scale_millionths: SCALE_WHOLE,
            offset_px: (0, 0),
        }
    }
}

names! {
    /// A point of a rectangle.
    Anchor {
        /// Its upper left corner.
        TopLeft = "top-left",
        /// The middle of its upper side.
        Top = "top-center",
        /// Its upper right corner.
        TopRight = "top-right",
        /// The middle of its left side.
        Left = "center-left",
        /// Its middle.
        Center = "center",
        /// The middle of its right side.
        Right = "center-right",
        /// Its lower left corner.
        BottomLeft = "bottom-left",
        /// The middle of its lower side.
        Bottom = "bottom-center",
        /// Its lower right corner.
        BottomRight = "bottom-right",
    }
}

impl Anchor {
    /// Position in halves of the width and height: 0, 1 or 2.
    #[must_use]
    pub const fn halves(self) -> (u8, u8) {
        match self {
            Self::TopLeft => (0, 0),
            Self::Top => (1, 0),
            Self::TopRight => (2, 0),
            Self::Left => (0, 1),
            Self::Center => (1, 1),
            Self::Right => (2, 1),
            Self::BottomLeft => (0, 2),
            Self::Bottom => (1, 2),
            Self::BottomRight => (2, 2),
        }
    }
}
