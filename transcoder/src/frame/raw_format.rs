//! The raw frames that the decoder writes to its pipe.

use shared::media::PixelSize;

use keyer::planar::{PlanarFormat, YuvMatrix};

/// Pixel format of decoded frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RawFormat {
    /// 8-bit RGBA with straight alpha.
    Rgba,
    /// Planar YUV of the source's chroma resolution, depth, matrix and range.
    Planar(PlanarFormat),
}

impl RawFormat {
    /// ffmpeg's `-pix_fmt`.
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

    /// The output matrix and range as options of ffmpeg's `scale` filter.
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

    /// Size of one frame.
    /// Units: bytes.
    pub const fn frame_size_bytes(self, size: PixelSize) -> usize {
        match self {
            Self::Rgba => size.width as usize * size.height as usize * 4,
            Self::Planar(format) => format.frame_size_bytes(),
        }
    }
}
