//! A decoded frame → straight RGBA of the same size: the master of every output.

use crate::frame::sides;
use crate::keying::Keyer;
use crate::plan::Picture;

/// Where alpha comes from.
#[derive(Debug)]
pub enum Alpha {
    /// Frames are RGBA and keep theirs.
    Source,
    /// Frames are planar and are keyed, in order.
    Keyed(Box<Keyer>),
}

/// Composes the frames of one clip, in order.
#[derive(Debug)]
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
    pub fn compose(&mut self, frame: Vec<u8>) -> Vec<u8> {
        let (width, height) = sides(self.picture.shown);
        match &mut self.alpha {
            Alpha::Source => frame,
            Alpha::Keyed(keyer) => {
                let mut rgba = vec![0; width * height * 4];
                keyer.key(&frame, &mut rgba);
                rgba
            }
        }
    }
}
