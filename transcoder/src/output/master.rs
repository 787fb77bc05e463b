//! Reference data of the composed frames, against which outputs are verified.

use shared::media::PixelSize;
use shared::qa::MatteFigures;

use crate::frame::feed::Frame;
use crate::frame::pixels::Backdrop;
use crate::frame::samples::Samples;
use crate::matte::keying_step::ScreenSummary;
use crate::output::second_opinion::MatteSamples;

/// The composed clip.
#[derive(Debug)]
pub struct Master {
    /// How many frames it has.
    pub frames: u64,
    /// Some pixels of each frame, per size.
    pub samples: Vec<Samples>,
    /// The screens that were keyed; none where nothing was keyed.
    pub screens: Option<ScreenSummary>,
    /// Metrics of the matte.
    pub matte: MatteFigures,
    /// Alpha of a few frames, for a second opinion.
    pub matte_samples: MatteSamples,
    /// One frame over each backdrop, with its size.
    pub posters: Vec<(Backdrop, PixelSize, Frame)>,
}

impl Master {
    /// The samples of frames of this size.
    pub fn samples_of(&self, size: PixelSize) -> Option<&Samples> {
        self.samples.iter().find(|samples| samples.lattice.size == size)
    }
}
