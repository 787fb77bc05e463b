//! Media types that both programs use, and every limit on media.

use std::fmt;

use serde::{Deserialize, Serialize};

pub use crate::names::UnknownName;
pub use crate::output::{Output, Preset, PreviewKind};

/// Largest source.
/// Units: bytes. 2 GiB: below R2's 5 GiB limit for a single PUT, and what the peers accept.
pub const SOURCE_SIZE_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;
/// Largest picture of an empty background.
/// Units: bytes.
pub const BACKGROUND_SIZE_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// Longest source.
/// Units: milliseconds. One hour.
pub const SOURCE_DURATION_MS_MAX: u64 = 60 * 60 * 1_000;
/// Largest picture, whatever its shape.
/// Units: pixels. DCI 4K, 4096 × 2304.
pub const SOURCE_PIXELS_MAX: u64 = 4_096 * 2_304;
/// Longest side of a picture.
/// Units: pixels.
pub const SOURCE_SIDE_PX_MAX: u32 = 8_192;
/// Most frames a source may have.
/// Units: frames. One hour at 60 frames a second.
pub const SOURCE_FRAMES_MAX: u64 = 60 * 60 * 60;
/// Highest frame rate that is taken; of faster sources, frames are dropped.
/// Units: frames a second.
pub const SOURCE_FRAME_RATE_MAX: u32 = 1_000;

/// A picture's size as it is shown: after rotation, square pixels not assumed.
/// Units: pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PixelSize {
    /// Left to right.
    pub width: u32,
    /// Top to bottom.
    pub height: u32,
}

impl PixelSize {
    /// Width times height.
    #[must_use]
    pub const fn pixels(self) -> u64 {
        self.width as u64 * self.height as u64
    }
}

impl fmt::Display for PixelSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// Frames a second as the exact fraction that containers store: 30000/1001, never 29.97.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameRate {
    /// Above the line; not zero.
    pub numerator: u32,
    /// Below the line; not zero.
    pub denominator: u32,
}

impl FrameRate {
    /// Frames a second, for arithmetic that may round.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        f64::from(self.numerator) / f64::from(self.denominator)
    }
}

impl fmt::Display for FrameRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.numerator, self.denominator)
    }
}

/// The properties of a source, as measured by probing it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MediaFacts {
    /// Container, by ffmpeg's name: `mov,mp4,m4a,3gp,3g2,mj2`.
    pub container: String,
    /// Codec of the picture, by ffmpeg's name: `h264`.
    pub video_codec: String,
    /// Pixel format, by ffmpeg's name: `yuv420p`.
    pub pixel_format: String,
    /// Size as shown, after rotation.
    pub size: PixelSize,
    /// Frames a second.
    pub frame_rate: FrameRate,
    /// Length of the picture.
    pub duration_ms: u64,
    /// Whether the file declares an alpha plane.
    pub has_alpha: bool,
    /// Whether there is sound.
    pub has_audio: bool,
}
