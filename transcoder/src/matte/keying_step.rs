//! First step of the frame pipeline: a decoded frame becomes a master frame, from which every
//! output is made.

use shared::media::PixelSize;

use crate::frame::gamut::{Gamut, WideGamut};
use crate::frame::pixels::sides;
use crate::matte::keying::Keyer;

/// Makes the master frames of one clip, in order: keys planar frames, passes RGBA frames on.
#[derive(Debug)]
pub struct KeyingStep {
    size: PixelSize,
    /// None where decoded frames are RGBA.
    keyer: Option<Box<Keyer>>,
    gamut: Option<Gamut>,
}

impl KeyingStep {
    /// A step for frames of this size; `wide` is their gamut where they are not in BT.709 yet.
    pub fn new(size: PixelSize, keyer: Option<Box<Keyer>>, wide: Option<WideGamut>) -> Self {
        Self { size, keyer, gamut: wide.map(Gamut::new) }
    }

    /// Turns one decoded frame into straight RGBA in BT.709. Also returns the planar frame that was
    /// keyed, unless the gamut was converted: then the two cannot be compared.
    pub fn apply(&mut self, frame: Vec<u8>) -> (Vec<u8>, Option<Vec<u8>>) {
        let (width, height) = sides(self.size);
        let (mut master, keyed) = match &mut self.keyer {
            None => (frame, None),
            Some(keyer) => {
                let mut rgba = vec![0; width * height * 4];
                keyer.key(&frame, &mut rgba);
                (rgba, Some(frame))
            }
        };
        let Some(gamut) = &self.gamut else { return (master, keyed) };
        gamut.apply(&mut master);
        (master, None)
    }
}
