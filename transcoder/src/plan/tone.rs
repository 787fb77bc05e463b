//! Tone mapping of HDR (PQ, HLG) to BT.709, which all outputs have. The gamut is converted
//! elsewhere (`frame::gamut`).
//!
//! Source: ITU-R BT.2408: diffuse white is 203 cd/m² and maps to white.
//! The curve leaves darker tones as they are and bends only highlights, so that skin and screen
//! keep their colours.

use crate::ffmpeg::probe::{ColorRange, Input};

/// The pixel format afterwards; chroma is upsampled on the way.
pub const PIXEL_FORMAT: &str = "yuv444p10le";
/// Matrix and range afterwards, for the scale filter.
pub const COLORS: &str = "in_color_matrix=bt709:in_range=tv";
/// Light of diffuse white.
/// Units: cd/m².
const WHITE_CD_M2: u32 = 203;
/// The peak of the mapping, in multiples of diffuse white: 1,000 cd/m².
const PEAK_WHITES: &str = "4.926";

/// A filter with a comma at its end, to put before the others; empty for SDR. It drops alpha.
pub fn map(input: &Input) -> String {
    let Some(transfer) = input.bright_transfer else { return String::new() };
    let matrix = match input.color_matrix {
        Some("bt2020") => "2020_ncl",
        Some("bt601") => "170m",
        Some(_) => "709",
        None => "gbr",
    };
    let range = match input.color_range {
        ColorRange::Limited => "limited",
        ColorRange::Full => "full",
    };
    format!(
        "zscale=min={matrix}:tin={}:rin={range}:filter=bilinear:t=linear:npl={WHITE_CD_M2},format=gbrpf32le,\
         tonemap=mobius:desat=0:peak={PEAK_WHITES},zscale=t=bt709:m=bt709:r=limited,format={PIXEL_FORMAT},",
        transfer.as_str()
    )
}

/// The same for frames whose alpha is kept, on a branch of its own.
pub fn map_beside_alpha(tone: &str, scale: &str, size: &str) -> String {
    let matte = format!("[matte]alphaextract,scale={size},format=gray[alpha]");
    format!("split[color][matte];{matte};[color]{tone}{scale}[toned];[toned][alpha]alphamerge")
}
