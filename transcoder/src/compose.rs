//! A decoded frame → straight RGBA of the same size: the master of every output.

use crate::frame::sides;
use crate::keying::{Keyer, RgbFrame};
use crate::plan::Picture;

/// Where alpha comes from.
#[derive(Debug, Clone, Copy)]
pub enum Alpha {
    /// Frames are RGBA and keep theirs.
    Source,
    /// Frames are RGB and are keyed.
    Keyed(Keyer),
}

/// Composes the frames of one clip.
#[derive(Debug, Clone, Copy)]
pub struct Composer {
    picture: Picture,
    alpha: Alpha,
}

impl Composer {
    /// A composer for frames of this picture.
    pub const fn new(picture: Picture, alpha: Alpha) -> Self {
        Self { picture, alpha }
    }

    /// Composes one frame as the decoder wrote it.
    pub fn compose(&self, frame: Vec<u8>) -> Vec<u8> {
        let (width, height) = sides(self.picture.shown);
        match self.alpha {
            Alpha::Source => frame,
            Alpha::Keyed(keyer) => keyer.key(RgbFrame { width, height, pixels: &frame }),
        }
    }
}
