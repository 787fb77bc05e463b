//! High dynamic range → the tones of BT.709, which is what every output has. The gamut is left as
//! it is (`gamut`).
//!
//! Source: ITU-R BT.2408 puts the white of paper at 203 cd/m², which is what becomes white here.
//! The curve leaves darker tones as they are and bends only highlights, so that skin and screen
//! keep their colours.

use crate::ffmpeg::probe::{ColorRange, Input};

/// What the samples are afterwards; chroma was made full on the way.
pub const PIXEL_FORMAT: &str = "yuv444p10le";
/// The same for the scale filter.
pub const COLORS: &str = "in_color_matrix=bt709:in_range=tv";
/// Light of diffuse white.
/// Units: cd/m².
const WHITE_CD_M2: u32 = 203;
/// The brightest light that is kept apart from less, in whites: 1,000 cd/m².
const PEAK_WHITES: &str = "4.926";

/// A filter to put in front of the others, with its comma; empty where nothing is to do. What it
/// writes has no alpha.
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

/// The same for frames that keep their alpha, on a branch of its own.
pub fn map_beside_alpha(tone: &str, scale: &str, size: &str) -> String {
    let matte = format!("[matte]alphaextract,scale={size},format=gray[alpha]");
    format!("split[color][matte];{matte};[color]{tone}{scale}[toned];[toned][alpha]alphamerge")
}
