//! The planar YUV format in which a source is decoded to be keyed.

use shared::media::PixelSize;

use super::tone;
use crate::ffmpeg::probe::{ColorRange, Probed};
use crate::frame::raw_format::RawFormat;
use keyer::planar::{PlanarFormat, YuvMatrix};

/// The planar YUV format that loses nothing of the source: its chroma subsampling, matrix and
/// range, and its depth up to 10 bits. Sources that are not YUV become 4:4:4.
pub fn planar_format(probed: &Probed) -> RawFormat {
    // HDR is tone-mapped first, into samples of this format.
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
    RawFormat::Planar(PlanarFormat {
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
            assert_eq!(planar_format(&probed).as_str(), expected, "{source}");
        }
    }
}
