//! Facts about the source → the arguments with which ffmpeg decodes it or samples it. Pure: nothing
//! here starts anything.
//!
//! The arguments that guard against a hostile file come from `ffmpeg::guards`.

mod planar_format;
mod tone;

use std::ffi::OsString;

use shared::media::{FrameRate, PixelSize, SOURCE_FRAMES_MAX};

pub use planar_format::planar_format;

use crate::ffmpeg::guards::{file_url, preamble, read_guards};
use crate::ffmpeg::probe::{ColorRange, Input, Probed};
use crate::ffmpeg::process::args;
use crate::frame::raw_format::RawFormat;
use crate::length::Length;

/// Chroma is interpolated, not repeated: an edge keyed from repeated chroma is two pixels wide.
const SCALE_FLAGS: &str = "flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp";

/// The picture as decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Picture {
    /// Its size.
    pub size: PixelSize,
    /// Constant.
    pub frame_rate: FrameRate,
    /// Shape of a pixel when it is not square.
    pub pixel_aspect: Option<(u32, u32)>,
    /// How many frames there should be.
    pub length: Length,
}

impl Picture {
    /// The picture of this source.
    pub fn of(probed: &Probed) -> Self {
        Self {
            size: probed.facts.size,
            frame_rate: probed.facts.frame_rate,
            pixel_aspect: probed.input.pixel_aspect,
            length: Length::of(&probed.facts),
        }
    }
}

/// What is decoded of a clip to examine it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instants {
    /// The frame before or at an instant from which decoding can start.
    /// Units: milliseconds.
    SeekPoint(u64),
    /// In one pass, the first frame of each span of this length; at most `count` frames.
    Every {
        /// Units: milliseconds.
        span_ms: u64,
        /// Number of spans.
        count: u64,
    },
}

/// Sampled frames of this size: packed RGBA for a source with alpha, else packed RGB.
pub fn sample(input: &Input, has_alpha: bool, instants: Instants, size: PixelSize) -> Vec<OsString> {
    let (tone, colors) = (tone::map(input), source_colors(input));
    let PixelSize { width, height } = size;
    let pixels = if has_alpha {
        format!("scale={width}:{height}:{colors}:out_range=pc,format=rgba")
    } else {
        format!("{tone}scale={width}:{height}:{colors}:out_range=pc:flags=area,format=rgb24")
    };
    let (seek, select, count) = match instants {
        Instants::SeekPoint(at_ms) => {
            let at = seconds(input.picture_start_ms.saturating_add(at_ms));
            (args(["-noaccurate_seek", "-ss", &at]), String::new(), 1)
        }
        Instants::Every { span_ms, count } => {
            // Variable 0 is the number of the span that is awaited.
            let span = seconds(span_ms.max(1));
            let next = format!("if(isnan(t),1,if(gte(t,ld(0)*{span}),st(0,floor(t/{span})+1)))");
            let select = format!("setpts=PTS-STARTPTS,select='{next}',");
            (Vec::new(), select, count)
        }
    };
    let mut arguments = [preamble(), seek, source(input)].concat();
    arguments.extend(args(["-vf", &format!("{select}{pixels}"), "-fps_mode", "passthrough", "-frames:v", &count.to_string()]));
    let pixel_format = if has_alpha { "rgba" } else { "rgb24" };
    arguments.extend(args(["-f", "rawvideo", "-pix_fmt", pixel_format, "pipe:1"]));
    arguments
}

/// Every n-th frame of the whole clip, scaled to `size`; at most `frames_max` of them.
pub fn spread(input: &Input, every: u64, frames_max: usize, size: PixelSize) -> Vec<OsString> {
    let (tone, colors) = (tone::map(input), source_colors(input));
    let scale = format!("scale={}:{}:{colors}:out_range=pc:flags=area+accurate_rnd+full_chroma_int", size.width, size.height);
    let filter = format!("select=not(mod(n\\,{every})),{tone}{scale},format=rgb24");
    let mut arguments = [preamble(), source(input)].concat();
    arguments.extend(args(["-vf", &filter, "-fps_mode", "passthrough", "-frames:v", &frames_max.to_string()]));
    arguments.extend(args(["-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"]));
    arguments
}

/// Decodes the whole clip at a constant frame rate.
pub fn decode(probed: &Probed, picture: &Picture, raw_format: RawFormat) -> Vec<OsString> {
    let PixelSize { width, height } = picture.size;
    let colors = format!("{}:{}", source_colors(&probed.input), raw_format.colors());
    // Outputs begin with the first frame: a constant rate would fill the time before it with
    // copies.
    let mut scale = format!("scale={width}:{height}:{colors}:{SCALE_FLAGS},format={}", raw_format.as_str());
    if probed.input.is_premultiplied && raw_format == RawFormat::Rgba {
        // Divided at 16 bits a channel: at 8 bits, pixels of low alpha would show bands.
        scale = format!("scale={width}:{height}:{colors}:{SCALE_FLAGS},format=gbrap16le,unpremultiply=inplace=1,format=rgba");
    }
    // Frames that are not interlaced pass through it unchanged.
    let deinterlaced = if probed.input.is_interlaced { "bwdif=mode=send_frame:deint=interlaced," } else { "" };
    let tone = tone::map(&probed.input);
    let pixels = match raw_format {
        RawFormat::Rgba if !tone.is_empty() => tone::map_beside_alpha(&tone, &scale, &format!("{width}:{height}")),
        _ => format!("{tone}{scale}"),
    };
    // A constant rate keeps the length whatever the time stamps of the source. By a filter: `-r`
    // repeats frames before a frame that is held for long.
    let filter = format!("setpts=PTS-STARTPTS,{deinterlaced}{pixels},fps={}", picture.frame_rate);
    let mut arguments = [preamble(), source(&probed.input)].concat();
    arguments.extend(args(["-vf", &filter, "-fps_mode", "passthrough"]));
    arguments.extend(args(["-frames:v", &(SOURCE_FRAMES_MAX + 1).to_string()]));
    arguments.extend(args(["-f", "rawvideo", "-pix_fmt", raw_format.as_str(), "pipe:1"]));
    arguments
}

fn source(input: &Input) -> Vec<OsString> {
    let mut arguments = read_guards(input.container);
    if let Some(decoder) = input.decoder {
        arguments.extend(args(["-c:v", decoder]));
    }
    arguments.extend([OsString::from("-i"), file_url(&input.path)]);
    arguments.extend(args(["-map", &format!("0:{}", input.video_index)]));
    arguments
}

/// Matrix and range of the source, for the scale filter. Never left to ffmpeg, which assumes BT.601
/// for untagged video.
fn source_colors(input: &Input) -> String {
    let range = match input.color_range {
        ColorRange::Limited => "tv",
        ColorRange::Full => "pc",
    };
    match input.color_matrix {
        _ if input.bright_transfer.is_some() => tone::COLORS.to_owned(),
        Some(matrix) => format!("in_color_matrix={matrix}:in_range={range}"),
        None => "in_range=pc".to_owned(),
    }
}

/// A time as ffmpeg's options take it.
pub fn seconds(millis: u64) -> String {
    format!("{}.{:03}", millis / 1_000, millis % 1_000)
}

#[cfg(test)]
pub mod tests;
