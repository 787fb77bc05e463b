//! The forms in which encoders want a composed frame. Each distinct form is made once, whoever takes it.

use std::sync::Arc;

use shared::media::PixelSize;

use crate::error::TaskResult;
use crate::frame::pixels::{self, Backdrop};

/// Pixels as one encoder takes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pixels {
    /// Straight RGBA.
    Rgba,
    /// The matte alone, grey.
    Matte,
    /// RGB, straight colour above, matte below.
    Stacked,
    /// RGB over black.
    Opaque,
    /// RGB over a backdrop.
    Over(Backdrop),
}

impl Pixels {
    /// ffmpeg's name.
    pub const fn pixel_format(self) -> &'static str {
        match self {
            Self::Rgba => "rgba",
            Self::Matte => "gray",
            Self::Stacked | Self::Opaque | Self::Over(_) => "rgb24",
        }
    }

    /// The size of what is written for a picture of this size.
    pub const fn written(self, padded: PixelSize) -> PixelSize {
        match self {
            Self::Stacked => PixelSize { width: padded.width, height: padded.height * 2 },
            Self::Rgba | Self::Matte | Self::Opaque | Self::Over(_) => padded,
        }
    }
}

/// One form of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Feed {
    /// The picture.
    pub size: PixelSize,
    /// The picture with whatever the encoder needs around it.
    pub padded: PixelSize,
    /// Its pixels.
    pub pixels: Pixels,
}

/// One frame in one form.
pub type Frame = Arc<Vec<u8>>;

/// A composed frame in every size that is wanted of it.
#[derive(Debug)]
pub struct Sized {
    sizes: Vec<(PixelSize, Frame)>,
}

impl Sized {
    /// Scales a composed frame to each distinct size of the feeds that are wanted.
    pub fn new<'a>(rgba: Vec<u8>, shown: PixelSize, feeds: impl Iterator<Item = &'a Feed>) -> TaskResult<Self> {
        let original = Arc::new(rgba);
        let mut sizes: Vec<(PixelSize, Frame)> = Vec::new();
        for feed in feeds {
            if sizes.iter().any(|(size, _)| *size == feed.size) {
                continue;
            }
            let scaled =
                if feed.size == shown { Arc::clone(&original) } else { Arc::new(pixels::scale(&original, shown, feed.size)?) };
            sizes.push((feed.size, scaled));
        }
        Ok(Self { sizes })
    }

    /// Each size and its straight RGBA.
    pub fn iter(&self) -> impl Iterator<Item = (PixelSize, &[u8])> {
        self.sizes.iter().map(|(size, rgba)| (*size, rgba.as_slice()))
    }

    /// The frame in one form; none when its size was not asked for.
    pub fn prepare(&self, feed: &Feed) -> Option<Frame> {
        let (_, rgba) = self.sizes.iter().find(|(size, _)| *size == feed.size)?;
        let (size, padded) = (feed.size, feed.padded);
        Some(match feed.pixels {
            Pixels::Rgba if size == padded => Arc::clone(rgba),
            Pixels::Rgba => Arc::new(pixels::pad::<4>(rgba, size, padded)),
            Pixels::Matte if size == padded => Arc::new(pixels::matte(rgba)),
            Pixels::Matte => Arc::new(pixels::pad::<1>(&pixels::matte(rgba), size, padded)),
            Pixels::Stacked if size == padded => Arc::new(pixels::stack(rgba, size)),
            Pixels::Stacked => Arc::new(pixels::stack(&pixels::pad::<4>(rgba, size, padded), padded)),
            Pixels::Opaque if size == padded => Arc::new(pixels::opaque(rgba)),
            Pixels::Opaque => Arc::new(pixels::opaque(&pixels::pad::<4>(rgba, size, padded))),
            Pixels::Over(backdrop) if size == padded => Arc::new(pixels::over(rgba, size, backdrop)),
            Pixels::Over(backdrop) => Arc::new(pixels::over(&pixels::pad::<4>(rgba, size, padded), padded, backdrop)),
        })
    }
}
