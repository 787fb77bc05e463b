//! The plan of one run: how the source is decoded, and what is made of it. Pure: nothing here
//! starts anything.

use std::ffi::OsString;
use std::fmt;

use shared::composition::Composition;
use shared::media::PixelSize;

use crate::ffmpeg::probe::Probed;
use crate::frame::compositor;
use crate::frame::raw_format::RawFormat;
use crate::output::format::Encoder;
use crate::output::rendition::{OutputRequest, Rendition, plan_renditions};
use crate::plan::{self, Picture};

/// Decoder, composition and renditions of one run.
#[derive(Debug, Clone)]
pub struct RunPlan {
    /// The picture as decoded.
    pub picture: Picture,
    /// Pixel format of decoded frames.
    pub raw_format: RawFormat,
    /// The decoder's arguments.
    pub decode: Vec<OsString>,
    /// Canvas, place and background of the subject.
    pub composition: Composition,
    /// The outputs in the order asked for, then the previews.
    pub renditions: Vec<Rendition>,
}

impl RunPlan {
    /// Plans one run over the source.
    pub fn new(probed: &Probed, raw_format: RawFormat, request: &OutputRequest) -> Self {
        let picture = Picture::of(probed);
        Self {
            picture,
            raw_format,
            decode: plan::decode(probed, &picture, raw_format),
            composition: request.composition.clone(),
            renditions: plan_renditions(&picture, &probed.input, request),
        }
    }

    /// The size of composed frames.
    pub fn composed_size(&self) -> PixelSize {
        compositor::staged(&self.composition, self.picture.size, self.picture.pixel_aspect)
    }
}

impl fmt::Display for RunPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |arguments: &[OsString]| arguments.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
        writeln!(f, "decode: {}", line(&self.decode))?;
        self.renditions.iter().try_for_each(|Rendition { kind, feed, keep_every, params, encoder }| {
            write!(f, "{kind}: {} in {}, 1 of {keep_every} frames, {} a second", feed.size, feed.padded, params.frame_rate)?;
            match encoder {
                Encoder::Ffmpeg(arguments) | Encoder::Muxed { arguments, .. } | Encoder::Packed { arguments, .. } => {
                    writeln!(f, ": {}", line(arguments))
                }
                Encoder::InProcess(_) => writeln!(f),
            }
        })
    }
}

#[cfg(test)]
mod tests;
