//! A decoded frame → straight RGBA of the same size: the master of every output.

use crate::frame::gamut::{Gamut, WideGamut};
use crate::frame::pixels::sides;
use crate::matte::keying::Keyer;
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
    gamut: Option<Gamut>,
}

impl Composer {
    /// A composer for frames of this picture, whose colours may be of a wide gamut.
    pub fn new(picture: Picture, alpha: Alpha, wide: Option<WideGamut>) -> Self {
        Self { picture, alpha, gamut: wide.map(Gamut::new) }
    }

    /// Composes one frame as the decoder wrote it; gives back too what it was made from, where that is something else.
    pub fn compose(&mut self, frame: Vec<u8>) -> (Vec<u8>, Option<Vec<u8>>) {
        let (width, height) = sides(self.picture.shown);
        let (mut composed, made_from) = match &mut self.alpha {
            Alpha::Source => (frame, None),
            Alpha::Keyed(keyer) => {
                let mut rgba = vec![0; width * height * 4];
                keyer.key(&frame, &mut rgba);
                (rgba, Some(frame))
            }
        };
        let Some(gamut) = &self.gamut else { return (composed, made_from) };
        gamut.apply(&mut composed);
        // No longer of one gamut, so they cannot be compared.
        (composed, None)
    }
}
