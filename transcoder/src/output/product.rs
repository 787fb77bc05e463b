//! What is to be made of a picture: one product per output and preview, each with its own size, rate and maker. Pure.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use shared::composition::Composition;
use shared::media::{FrameRate, Output, PixelSize, Preset, PreviewKind};
use shared::price::Resolution;

use crate::ffmpeg::probe::Input;
use crate::frame::compositor::{is_composed, staged};
use crate::frame::feed::{Feed, Pixels};
use crate::frame::geometry::{evened, fitted, keep_every, squared, thinned, within};
use crate::frame::pixels::Backdrop;
use crate::length::duration_ms;
use crate::output::encode;
use crate::output::preset::{self, Settings};
use crate::plan::Picture;

/// Previews are looked at, not delivered.
const PREVIEW: Settings = Settings { side_px_max: 640, frames_per_s_max: 30, quality: 23 };

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// In the order asked for; not empty.
    pub outputs: Vec<Output>,
    /// How well and how large.
    pub preset: Preset,
    /// Outputs are no larger than that, whatever the preset says.
    pub resolution: Option<Resolution>,
    /// What the subject is shown in.
    pub composition: Composition,
    /// The picture of the composition, where it has one.
    pub backdrop: Option<PathBuf>,
    /// Whether previews are made too.
    pub previews: bool,
}

/// What a product is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// Delivered, after it was decoded again.
    Output(Output),
    /// Looked at.
    Preview(Backdrop),
}

impl Item {
    /// Its file, in the task's folder.
    pub fn file_name(self) -> String {
        match self {
            Self::Output(output) => output.file_name(),
            Self::Preview(backdrop) => backdrop.kind().file_name(),
        }
    }
}

impl fmt::Display for Item {
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

    /// The video over it.
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

/// What one encoder must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shot {
    /// The picture as it is encoded.
    pub padded: PixelSize,
    /// Constant.
    pub frame_rate: FrameRate,
    /// How many frames there should be.
    pub frames: u64,
    /// See [`Settings::quality`].
    pub quality: u32,
}

/// Who makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Maker {
    /// ffmpeg, into a file.
    Ffmpeg(Vec<OsString>),
    /// ffmpeg into stills, and we put them together.
    Webp(Vec<OsString>),
    /// We do.
    Apng,
    /// We do.
    PngSequence,
    /// ffmpeg into two files, and we put them together.
    ColorAlphaZip(Vec<OsString>),
}

/// One file to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// What it is.
    pub item: Item,
    /// The form in which it takes frames.
    pub feed: Feed,
    /// It takes every which frame.
    pub keep_every: u64,
    /// What its encoder must know.
    pub shot: Shot,
    /// Who makes it.
    pub maker: Maker,
}

impl Product {
    /// Whether it takes this frame.
    pub const fn takes(&self, index: u64) -> bool {
        index.is_multiple_of(self.keep_every)
    }

    /// How many of these frames it takes, and how long they last.
    /// Units: frames, milliseconds.
    pub fn share(&self, frames: u64) -> (u64, u64) {
        let taken = frames.div_ceil(self.keep_every);
        (taken, duration_ms(taken, self.shot.frame_rate))
    }
}

/// Everything that the order asks for.
pub fn all(picture: &Picture, input: &Input, order: &Order) -> Vec<Product> {
    let shown = match &order.composition {
        composition if is_composed(composition) => staged(composition, picture.shown, picture.pixel_aspect),
        _ => squared(picture.shown, picture.pixel_aspect),
    };
    let wanted = order.resolution.and_then(Resolution::pixels_max).map_or(shown, |pixels_max| within(shown, pixels_max));
    let outputs = order.outputs.iter().map(|output| {
        let settings = preset::find(order.preset, *output);
        product(Item::Output(*output), &settings, wanted, picture, input)
    });
    let backdrops = if order.previews { &Backdrop::ALL[..] } else { &[] };
    let previews = backdrops.iter().map(|backdrop| product(Item::Preview(*backdrop), &PREVIEW, wanted, picture, input));
    outputs.chain(previews).collect()
}

fn product(item: Item, settings: &Settings, wanted: PixelSize, picture: &Picture, input: &Input) -> Product {
    let size = fitted(wanted, settings.side_px_max);
    let padded = if needs_even_sides(item) { evened(size) } else { size };
    let keep_every = keep_every(picture.frame_rate, settings.frames_per_s_max);
    let shot = Shot {
        padded,
        frame_rate: thinned(picture.frame_rate, keep_every),
        frames: picture.length.frames.div_ceil(keep_every),
        quality: settings.quality,
    };
    let feed = Feed { size, padded, pixels: pixels(item) };
    Product { item, feed, keep_every, shot, maker: encode::maker(item, &shot, input) }
}

/// Chroma is halved in these; pictures that stay RGB keep their size.
const fn needs_even_sides(item: Item) -> bool {
    !matches!(item, Item::Output(Output::AnimatedWebp | Output::Gif | Output::Apng | Output::PngSequence))
}

/// The form in which frames are taken, and in which they come back when an output is decoded.
const fn pixels(item: Item) -> Pixels {
    match item {
        Item::Output(Output::MatteGrayscaleMp4) => Pixels::Matte,
        Item::Output(Output::StackedAlphaMp4 | Output::ColorAlphaZip) => Pixels::Stacked,
        Item::Output(Output::OpaqueMp4) => Pixels::Opaque,
        Item::Output(_) => Pixels::Rgba,
        Item::Preview(backdrop) => Pixels::Over(backdrop),
    }
}
