//! What frames look like between the decoder and us, and what the decoder is told so that they do.

use shared::media::PixelSize;

use super::tone;
use crate::ffmpeg::probe::{ColorRange, Probed};
use crate::matte::keying::{PlanarFormat, YuvMatrix};

/// What the decoder writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RawFormat {
    /// Four bytes a pixel, straight alpha.
    Rgba,
    /// Planar YUV, as near to the source's own as we read.
    Planar(PlanarFormat),
}

impl RawFormat {
    /// The planar format that keeps all that the source's has: chroma's resolution, depth to 10 bits, matrix and range.
    pub fn planar(probed: &Probed) -> Self {
        // Tones that were mapped were mapped into these samples.
        let is_toned = probed.input.bright_transfer.is_some();
        let name = if is_toned { tone::PIXEL_FORMAT } else { probed.facts.pixel_format.as_str() };
        let holds = |words: &[&str]| words.iter().any(|word| name.contains(word));
        let (across, down) = if holds(&["420", "nv12", "nv21", "p010", "p016"]) {
            (2, 2)
        } else if holds(&["422", "yuyv", "uyvy", "yvyu", "nv16", "nv20", "y210", "p210"]) {
            (2, 1)
        } else {
            (1, 1)
        };
        let is_deep = holds(&["p010", "p016", "p210", "y210", "p9", "p10", "p12", "p14", "p16", "48", "64", "30"]);
        let PixelSize { width, height } = probed.facts.size;
        Self::Planar(PlanarFormat {
            width: width as usize,
            height: height as usize,
            across,
            down,
            depth_bits: if is_deep { 10 } else { 8 },
            matrix: match probed.input.color_matrix {
                _ if is_toned => YuvMatrix::Bt709,
                Some("bt601") => YuvMatrix::Bt601,
                Some("bt2020") => YuvMatrix::Bt2020,
                _ => YuvMatrix::Bt709,
            },
            is_full_range: !is_toned && (probed.input.color_matrix.is_none() || probed.input.color_range == ColorRange::Full),
        })
    }

    /// ffmpeg's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rgba => "rgba",
            Self::Planar(PlanarFormat { across, down, depth_bits, .. }) => match (across, down, depth_bits) {
                (2, 2, 8) => "yuv420p",
                (2, 1, 8) => "yuv422p",
                (_, _, 8) => "yuv444p",
                (2, 2, _) => "yuv420p10le",
                (2, 1, _) => "yuv422p10le",
                (..) => "yuv444p10le",
            },
        }
    }

    /// As the scale filter's options: the matrix where there is one, and the range.
    pub fn colors(self) -> String {
        match self {
            Self::Rgba => "out_range=pc".to_owned(),
            Self::Planar(format) => {
                let matrix = match format.matrix {
                    YuvMatrix::Bt601 => "bt601",
                    YuvMatrix::Bt709 => "bt709",
                    YuvMatrix::Bt2020 => "bt2020",
                };
                format!("out_color_matrix={matrix}:out_range={}", if format.is_full_range { "pc" } else { "tv" })
            }
        }
    }

    /// Units: bytes.
    pub const fn frame_size_bytes(self, size: PixelSize) -> usize {
        match self {
            Self::Rgba => size.width as usize * size.height as usize * 4,
            Self::Planar(format) => format.frame_size_bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chroma_and_depth_are_kept_and_what_is_no_yuv_becomes_full() {
        for (source, expected) in [
            ("yuv420p", "yuv420p"),
            ("yuvj420p", "yuv420p"),
            ("nv12", "yuv420p"),
            ("yuva420p", "yuv420p"),
            ("yuv420p10le", "yuv420p10le"),
            ("p010le", "yuv420p10le"),
            ("yuv422p10le", "yuv422p10le"),
            ("yuyv422", "yuv422p"),
            ("yuv444p12le", "yuv444p10le"),
            ("yuva444p", "yuv444p"),
            ("gbrp", "yuv444p"),
            ("rgb48be", "yuv444p10le"),
            ("pal8", "yuv444p"),
            ("yuv411p", "yuv444p"),
        ] {
            let mut probed = crate::plan::tests::probed();
            probed.facts.pixel_format = source.to_owned();
            assert_eq!(RawFormat::planar(&probed).as_str(), expected, "{source}");
        }
    }
}
