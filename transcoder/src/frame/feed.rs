//! Converts composed frames to the size and pixel format that each encoder takes; each combination
//! once per frame.

use std::sync::Arc;

use shared::media::PixelSize;

use crate::error::TaskResult;
use crate::frame::pixels::{self, Backdrop};

/// Pixel layout of an encoder's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pixels {
    /// Straight RGBA.
    Rgba,
    /// The matte alone, 8-bit grey.
    Matte,
    /// RGB of twice the height: straight colour above, matte below.
    Stacked,
    /// RGB over black.
    Opaque,
    /// RGB over a backdrop.
    Over(Backdrop),
}

impl Pixels {
    /// ffmpeg's `-pix_fmt`.
    pub const fn pixel_format(self) -> &'static str {
        match self {
            Self::Rgba => "rgba",
            Self::Matte => "gray",
            Self::Stacked | Self::Opaque | Self::Over(_) => "rgb24",
        }
    }

    /// Size of the encoder's input for a padded picture.
    pub const fn written(self, padded: PixelSize) -> PixelSize {
        match self {
            Self::Stacked => PixelSize { width: padded.width, height: padded.height * 2 },
            Self::Rgba | Self::Matte | Self::Opaque | Self::Over(_) => padded,
        }
    }
}

/// Size and pixel layout of an encoder's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Feed {
    /// Size of the picture.
    pub size: PixelSize,
    /// Size with the padding that the encoder needs.
    pub padded: PixelSize,
    /// Pixel layout.
    pub pixels: Pixels,
}

/// A frame as an encoder takes it.
pub type Frame = Arc<Vec<u8>>;

/// A composed frame, scaled to each size that is needed.
#[derive(Debug)]
pub struct Sized {
    sizes: Vec<(PixelSize, Frame)>,
}

impl Sized {
    /// Scales a composed frame of size `shown` to each distinct size of `feeds`.
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

    /// Each size with its straight RGBA.
    pub fn iter(&self) -> impl Iterator<Item = (PixelSize, &[u8])> {
        self.sizes.iter().map(|(size, rgba)| (*size, rgba.as_slice()))
    }

    /// Converts the frame for an encoder; none if it was not scaled to its size.
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
