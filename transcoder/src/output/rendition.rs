//! Plans the renditions: one per output and preview, each with its own size, frame rate and
//! encoder. Pure.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use shared::composition::Composition;
use shared::media::{Output, PixelSize, Preset, PreviewKind};
use shared::price::Resolution;

use crate::ffmpeg::probe::Input;
use crate::frame::compositor::{is_composed, staged};
use crate::frame::feed::Feed;
use crate::frame::geometry::{evened, fitted, keep_every, squared, thinned, within};
use crate::frame::pixels::Backdrop;
use crate::length::duration_ms;
use crate::output::format::{EncodeParams, Encoder, Encoding};
use crate::output::formats;
use crate::plan::Picture;

/// The requested outputs and their settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputRequest {
    /// In the order asked for; not empty.
    pub outputs: Vec<Output>,
    /// Sets size, frame rate and quality.
    pub preset: Preset,
    /// Upper limit of the size, whatever the preset.
    pub resolution: Option<Resolution>,
    /// Canvas, place and background of the subject.
    pub composition: Composition,
    /// The picture behind the subject, where the composition has one.
    pub backdrop: Option<PathBuf>,
    /// Whether previews are made too.
    pub previews: bool,
}

/// The output or preview that a rendition makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RenditionKind {
    /// Verified and delivered.
    Output(Output),
    /// For people to judge the result by.
    Preview(Backdrop),
}

impl RenditionKind {
    /// Its file, in the task's folder.
    pub fn file_name(self) -> String {
        match self {
            Self::Output(output) => output.file_name(),
            Self::Preview(backdrop) => backdrop.kind().file_name(),
        }
    }

    /// How it is encoded.
    pub const fn encoding(self) -> &'static Encoding {
        match self {
            Self::Output(output) => &formats::find(output).encoding,
            Self::Preview(backdrop) => formats::preview::encoding(backdrop),
        }
    }
}

impl fmt::Display for RenditionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Output(output) => output.fmt(f),
            Self::Preview(backdrop) => write!(f, "preview-{}", backdrop.kind()),
        }
    }
}

impl Backdrop {
    /// Every preview, in the order of the documentation.
    pub const ALL: [Self; 3] = [Self::Checkerboard, Self::Dark, Self::Light];

    /// The preview video over it.
    pub const fn kind(self) -> PreviewKind {
        match self {
            Self::Checkerboard => PreviewKind::Checkerboard,
            Self::Dark => PreviewKind::Dark,
            Self::Light => PreviewKind::Light,
        }
    }

    /// The still over it.
    pub const fn poster_kind(self) -> PreviewKind {
        match self {
            Self::Checkerboard => PreviewKind::CheckerboardPoster,
            Self::Dark => PreviewKind::DarkPoster,
            Self::Light => PreviewKind::LightPoster,
        }
    }
}

/// One file to be made.
#[derive(Debug, Clone)]
pub struct Rendition {
    /// Which file it is.
    pub kind: RenditionKind,
    /// The form in which its encoder takes frames.
    pub feed: Feed,
    /// Every n-th frame is encoded.
    pub keep_every: u64,
    /// Parameters of its encoder.
    pub params: EncodeParams,
    /// What encodes it.
    pub encoder: Encoder,
}

impl Rendition {
    /// Whether this frame is encoded.
    pub const fn takes(&self, index: u64) -> bool {
        index.is_multiple_of(self.keep_every)
    }

    /// How many of these frames are encoded, and how long they last.
    /// Units: frames, milliseconds.
    pub fn share(&self, frames: u64) -> (u64, u64) {
        let taken = frames.div_ceil(self.keep_every);
        (taken, duration_ms(taken, self.params.frame_rate))
    }

    /// The size of the finished file's picture.
    pub const fn written_size(&self) -> PixelSize {
        match self.encoder {
            // Encoded from one picture, stored as two.
            Encoder::Packed { .. } => self.feed.padded,
            Encoder::Ffmpeg(_) | Encoder::Muxed { .. } | Encoder::InProcess(_) => self.feed.pixels.written(self.feed.padded),
        }
    }

    /// Arguments of the ffmpeg process that encodes raw frames; none where this process encodes or
    /// muxes frame by frame.
    pub fn ffmpeg_arguments(&self) -> Option<&[OsString]> {
        match &self.encoder {
            Encoder::Ffmpeg(arguments) | Encoder::Packed { arguments, .. } => Some(arguments),
            Encoder::Muxed { .. } | Encoder::InProcess(_) => None,
        }
    }
}

/// Everything that is asked for: outputs in the order asked for, then previews.
pub fn plan_renditions(picture: &Picture, input: &Input, request: &OutputRequest) -> Vec<Rendition> {
    let whole = match &request.composition {
        composition if is_composed(composition) => staged(composition, picture.size, picture.pixel_aspect),
        _ => squared(picture.size, picture.pixel_aspect),
    };
    let size = request.resolution.and_then(Resolution::pixels_max).map_or(whole, |pixels_max| within(whole, pixels_max));
    let outputs = request.outputs.iter().map(|output| RenditionKind::Output(*output));
    let backdrops = if request.previews { &Backdrop::ALL[..] } else { &[] };
    let previews = backdrops.iter().map(|backdrop| RenditionKind::Preview(*backdrop));
    outputs.chain(previews).map(|kind| rendition(kind, request.preset, size, picture, input)).collect()
}

fn rendition(kind: RenditionKind, preset: Preset, size: PixelSize, picture: &Picture, input: &Input) -> Rendition {
    let encoding = kind.encoding();
    let settings = encoding.presets.get(preset);
    let size = fitted(size, settings.side_px_max);
    let padded = if encoding.needs_even_sides { evened(size) } else { size };
    let keep_every = keep_every(picture.frame_rate, settings.frames_per_s_max);
    let params = EncodeParams {
        size: padded,
        frame_rate: thinned(picture.frame_rate, keep_every),
        frames: picture.length.frames.div_ceil(keep_every),
        quality: settings.quality,
    };
    let mut encoder = (encoding.encoder)(&params, input);
    if let Encoder::Ffmpeg(arguments) = &mut encoder {
        arguments.push(kind.file_name().into());
    }
    Rendition { kind, feed: Feed { size, padded, pixels: encoding.pixels }, keep_every, params, encoder }
}
