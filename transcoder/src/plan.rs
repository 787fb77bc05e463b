//! Facts and wishes → ffmpeg's arguments, as a list of named stages. Pure: nothing here starts anything.
//!
//! The arguments that guard against a hostile file come from `ffmpeg::guards`.

mod planar_format;
mod tone;

use std::ffi::OsString;
use std::fmt;

use shared::composition::Composition;
use shared::media::{FrameRate, PixelSize, SOURCE_FRAMES_MAX};

pub use planar_format::planar_format;

use crate::ffmpeg::guards::{file_url, preamble, read_guards};
use crate::ffmpeg::probe::{ColorRange, Input, Probed};
use crate::ffmpeg::process::args;
use crate::frame::compositor;
use crate::frame::raw_format::RawFormat;
use crate::length::Length;
use crate::output::product::{self, Maker, Order, Product};

/// Chroma is interpolated, not repeated: an edge keyed from repeated chroma is two pixels wide.
const SCALE_FLAGS: &str = "flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp";

/// The picture on its way through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Picture {
    /// As decoded.
    pub shown: PixelSize,
    /// Constant.
    pub frame_rate: FrameRate,
    /// Shape of a pixel when it is not square.
    pub pixel_aspect: Option<(u32, u32)>,
    /// How many frames there should be.
    pub length: Length,
}

/// Everything that runs while frames flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The picture.
    pub picture: Picture,
    /// What the decoder writes.
    pub raw_format: RawFormat,
    /// The decoder's arguments.
    pub decode: Vec<OsString>,
    /// What the subject is shown in.
    pub composition: Composition,
    /// The outputs in the order asked for, then the previews.
    pub products: Vec<Product>,
}

impl Plan {
    /// The size that is shown.
    pub fn staged(&self) -> PixelSize {
        compositor::staged(&self.composition, self.picture.shown, self.picture.pixel_aspect)
    }

    /// Plans one run over the source.
    pub fn new(probed: &Probed, raw_format: RawFormat, order: &Order) -> Self {
        let picture = picture(probed);
        let products = product::all(&picture, &probed.input, order);
        Self {
            picture,
            raw_format,
            decode: decode(probed, &picture, raw_format),
            composition: order.composition.clone(),
            products,
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |arguments: &[OsString]| arguments.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
        writeln!(f, "decode: {}", line(&self.decode))?;
        self.products.iter().try_for_each(|Product { item, feed, keep_every, shot, maker }| {
            write!(f, "{item}: {} in {}, 1 of {keep_every} frames, {} a second", feed.size, feed.padded, shot.frame_rate)?;
            match maker {
                Maker::Ffmpeg(arguments) | Maker::Webp(arguments) | Maker::ColorAlphaZip(arguments) => {
                    writeln!(f, ": {}", line(arguments))
                }
                Maker::Apng | Maker::PngSequence => writeln!(f),
            }
        })
    }
}

/// One frame at an instant, scaled to `size`.
pub fn sample(input: &Input, at_ms: u64, size: PixelSize) -> Vec<OsString> {
    let (tone, colors) = (tone::map(input), source_colors(input));
    let filter = format!("{tone}scale={}:{}:{colors}:out_range=pc:flags=area,format=rgb24", size.width, size.height);
    one_frame(input, at_ms, &filter, "rgb24")
}

/// One of so many frames of the whole clip, scaled to `size`; at most `frames_max` of them.
pub fn spread(input: &Input, every: u64, frames_max: usize, size: PixelSize) -> Vec<OsString> {
    let (tone, colors) = (tone::map(input), source_colors(input));
    let scale = format!("scale={}:{}:{colors}:out_range=pc:flags=area+accurate_rnd+full_chroma_int", size.width, size.height);
    let filter = format!("select=not(mod(n\\,{every})),{tone}{scale},format=rgb24");
    let mut arguments = [preamble(), source(input)].concat();
    arguments.extend(args(["-vf", &filter, "-fps_mode", "passthrough", "-frames:v", &frames_max.to_string()]));
    arguments.extend(args(["-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"]));
    arguments
}

/// The alpha of one frame at an instant, unscaled.
pub fn sample_alpha(input: &Input, at_ms: u64) -> Vec<OsString> {
    one_frame(input, at_ms, "format=rgba,extractplanes=a", "gray")
}

fn one_frame(input: &Input, at_ms: u64, filter: &str, pixel_format: &str) -> Vec<OsString> {
    let seek = args(["-ss", &seconds(input.picture_start_ms.saturating_add(at_ms))]);
    let mut arguments = [preamble(), seek, source(input)].concat();
    arguments.extend(args(["-vf", filter, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", pixel_format, "pipe:1"]));
    arguments
}

fn decode(probed: &Probed, picture: &Picture, raw_format: RawFormat) -> Vec<OsString> {
    let PixelSize { width, height } = picture.shown;
    let colors = format!("{}:{}", source_colors(&probed.input), raw_format.colors());
    // Outputs begin with the first picture: a constant rate would fill the time before it with copies.
    let scale = format!("scale={width}:{height}:{colors}:{SCALE_FLAGS},format={}", raw_format.as_str());
    let tone = tone::map(&probed.input);
    let filter = match raw_format {
        RawFormat::Rgba if !tone.is_empty() => {
            format!("setpts=PTS-STARTPTS,{}", tone::map_beside_alpha(&tone, &scale, &format!("{width}:{height}")))
        }
        _ => format!("setpts=PTS-STARTPTS,{tone}{scale}"),
    };
    let mut arguments = [preamble(), source(&probed.input)].concat();
    // A constant rate, so that the length holds whatever the source's frames do.
    arguments.extend(args(["-vf", &filter, "-fps_mode", "cfr", "-r", &picture.frame_rate.to_string()]));
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

/// How the source's numbers are colours. Never left to ffmpeg, which guesses BT.601 for anything untagged.
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

fn picture(probed: &Probed) -> Picture {
    Picture {
        shown: probed.facts.size,
        frame_rate: probed.facts.frame_rate,
        pixel_aspect: probed.input.pixel_aspect,
        length: Length::of(&probed.facts),
    }
}

/// As ffmpeg's options take them.
pub fn seconds(millis: u64) -> String {
    format!("{}.{:03}", millis / 1_000, millis % 1_000)
}

#[cfg(test)]
pub mod tests;
