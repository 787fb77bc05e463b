//! The media words both programs use, and every limit on media.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Largest source.
/// Units: bytes. 2 GiB: below R2's 5 GiB limit for a single PUT, and what the peers accept.
pub const SOURCE_SIZE_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;
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

/// Something a job can make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub enum Output {
    /// `WebM`, VP9 with alpha, Opus sound.
    WebmVp9Alpha,
    /// `QuickTime`, `ProRes` 4444 with alpha, PCM sound.
    MovProres4444,
    /// MP4, H.264, the matte as grey; no sound.
    MatteGrayscaleMp4,
}

/// A text that names no output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a known output")]
pub struct UnknownOutput;

impl Output {
    /// Every output, in the order of the documentation.
    pub const ALL: &'static [Self] = &[Self::WebmVp9Alpha, Self::MovProres4444, Self::MatteGrayscaleMp4];

    /// The name in requests and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WebmVp9Alpha => "webm-vp9-alpha",
            Self::MovProres4444 => "mov-prores4444",
            Self::MatteGrayscaleMp4 => "matte-grayscale-mp4",
        }
    }

    /// The file extension, without the dot.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::WebmVp9Alpha => "webm",
            Self::MovProres4444 => "mov",
            Self::MatteGrayscaleMp4 => "mp4",
        }
    }

    /// The MIME type that the file is stored and served with.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::WebmVp9Alpha => "video/webm",
            Self::MovProres4444 => "video/quicktime",
            Self::MatteGrayscaleMp4 => "video/mp4",
        }
    }

    /// The name of the stored file: `webm-vp9-alpha.webm`.
    #[must_use]
    pub fn file_name(self) -> String {
        format!("{}.{}", self.as_str(), self.extension())
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Output {
    type Err = UnknownOutput;

    fn from_str(text: &str) -> Result<Self, UnknownOutput> {
        Self::ALL.iter().copied().find(|output| output.as_str() == text).ok_or(UnknownOutput)
    }
}

impl From<Output> for &'static str {
    fn from(output: Output) -> Self {
        output.as_str()
    }
}

impl TryFrom<String> for Output {
    type Error = UnknownOutput;

    fn try_from(text: String) -> Result<Self, UnknownOutput> {
        text.parse()
    }
}

/// What the outputs are for; sets their quality and the limits on their size and rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Preset {
    /// Shown on pages: small files, no larger than a page shows them.
    #[default]
    #[serde(rename = "web-app")]
    WebApp,
    /// Worked on further: the source's size and rate, and as much quality as the format holds.
    #[serde(rename = "editing")]
    Editing,
    /// Posted: sized and timed as networks take it.
    #[serde(rename = "social")]
    Social,
}

impl Preset {
    /// Every preset, in the order of the documentation.
    pub const ALL: [Self; 3] = [Self::WebApp, Self::Editing, Self::Social];

    /// The name in requests and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WebApp => "web-app",
            Self::Editing => "editing",
            Self::Social => "social",
        }
    }

    /// The preset with this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.as_str() == name)
    }
}

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

/// What a source is, as found by reading it, never as claimed by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MediaFacts {
    /// Container, in ffmpeg's words: `mov,mp4,m4a,3gp,3g2,mj2`.
    pub container: String,
    /// Codec of the picture, in ffmpeg's words: `h264`.
    pub video_codec: String,
    /// Pixel format, in ffmpeg's words: `yuv420p`.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_is_its_name() {
        for output in Output::ALL {
            assert_eq!(output.as_str().parse(), Ok(*output));
            assert_eq!(serde_json::to_string(output).unwrap(), format!("\"{output}\""));
        }
        assert_eq!("gif89a".parse::<Output>(), Err(UnknownOutput));
    }
}
