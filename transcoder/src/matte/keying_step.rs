//! First step of the frame pipeline: a decoded frame becomes a master frame, from which every
//! output is made.

use keyer::color::Rgb;
use keyer::{Keyer, Shot};
use shared::media::PixelSize;

use crate::frame::gamut::{Gamut, WideGamut};
use crate::frame::pixels::sides;

/// Makes the master frames of one clip, in order: keys planar frames, passes RGBA frames on.
#[derive(Debug)]
pub struct KeyingStep {
    size: PixelSize,
    /// None where decoded frames are RGBA.
    keyer: Option<Box<Keyer>>,
    gamut: Option<Gamut>,
    screens: ScreenSummary,
}

/// A master frame.
#[derive(Debug)]
pub struct MasterFrame {
    /// Packed straight RGBA in BT.709.
    pub rgba: Vec<u8>,
    /// The frame that was keyed; none where it cannot be compared with the master frame, because
    /// nothing was keyed or the gamut was converted.
    pub source: Option<KeyedSource>,
}

/// The source of a keyed frame.
#[derive(Debug)]
pub struct KeyedSource {
    /// The planar frame.
    pub planar: Vec<u8>,
    /// Number of the first frame of its shot.
    pub shot: usize,
    /// Colour of the shot's screen, if it has one.
    pub screen: Option<Rgb>,
}

/// The screens of a keyed clip.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ScreenSummary {
    /// Number of shots that are not black.
    pub shots: u64,
    /// Number of those in which no screen was found: they are opaque.
    pub shots_without_screen: u64,
    /// Largest share of the picture that is set which does not reach the lower border.
    pub set_share: f64,
    /// As above for set that reaches it.
    pub standing_set_share: f64,
}

impl ScreenSummary {
    fn add(&mut self, shot: &Shot) {
        self.shots += 1;
        match shot.screen() {
            Some(screen) => {
                self.set_share = self.set_share.max(screen.set_share.into());
                self.standing_set_share = self.standing_set_share.max(screen.standing_set_share.into());
            }
            None if shot.is_black() => self.shots -= 1,
            None => self.shots_without_screen += 1,
        }
    }

    /// Whether no shot has a screen.
    pub const fn is_without_screen(&self) -> bool {
        self.shots == self.shots_without_screen
    }
}

impl KeyingStep {
    /// A step for frames of this size; `wide` is their gamut where they are not in BT.709 yet.
    pub fn new(size: PixelSize, keyer: Option<Box<Keyer>>, wide: Option<WideGamut>) -> Self {
        Self { size, keyer, gamut: wide.map(Gamut::new), screens: ScreenSummary::default() }
    }

    /// Whether the next frame can be keyed only after [`Self::add_shot`].
    pub fn needs_shot(&self) -> bool {
        self.keyer.as_ref().is_some_and(|keyer| keyer.needs_shot())
    }

    /// Adds the next shot of the first pass.
    pub fn add_shot(&mut self, shot: Shot) {
        self.screens.add(&shot);
        if let Some(keyer) = &mut self.keyer {
            keyer.add_shot(shot);
        }
    }

    /// The screens of the shots so far; none where nothing is keyed.
    pub fn screens(&self) -> Option<ScreenSummary> {
        self.keyer.is_some().then_some(self.screens)
    }

    /// Turns one decoded frame into a master frame.
    pub fn apply(&mut self, frame: Vec<u8>) -> MasterFrame {
        let (width, height) = sides(self.size);
        let Some(keyer) = &mut self.keyer else {
            let mut rgba = frame;
            if let Some(gamut) = &self.gamut {
                gamut.apply(&mut rgba);
            }
            return MasterFrame { rgba, source: None };
        };
        let shot = keyer.shot().map(|shot| (shot.first_frame(), shot.screen().map(|screen| screen.color)));
        let mut rgba = vec![0; width * height * 4];
        keyer.key(&frame, &mut rgba);
        if let Some(gamut) = &self.gamut {
            gamut.apply(&mut rgba);
            return MasterFrame { rgba, source: None };
        }
        MasterFrame { rgba, source: shot.map(|(shot, screen)| KeyedSource { planar: frame, shot, screen }) }
    }
}
