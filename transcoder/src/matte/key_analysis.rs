//! The first pass of the keyer: hands over the model of each shot as soon as the shot ends.

use keyer::{Analyzer, KeyOptions, Keyer, PlanarFormat, Shot};
use shared::code::JobErrorCode;
use shared::media::PixelSize;
use tokio::sync::mpsc;

use super::first_pass::{Analysis, FirstPass, Progress};
use crate::error::{TaskError, TaskResult};
use crate::frame::raw_format::RawFormat;

/// Analysed shots that wait for the second pass.
const SHOTS_IN_FLIGHT_MAX: usize = 1;

/// Both passes over a clip that is keyed.
#[derive(Debug)]
pub struct KeyingPasses {
    /// Finds the shots.
    pub first: FirstPass,
    /// The shots, in order.
    pub shots: mpsc::Receiver<Shot>,
    /// Keys the frames of the second pass; still without shots.
    pub keyer: Box<Keyer>,
}

impl KeyingPasses {
    /// The passes over frames of one format and size.
    /// Errors: `no_matte_strategy` where the given screen colour has too little hue.
    pub fn new(format: PlanarFormat, size: PixelSize, options: KeyOptions) -> TaskResult<Self> {
        let analyzer = Analyzer::new(format, &options).map_err(|keyer::ColorlessScreen| {
            let message = "The given screen colour is too close to grey to be keyed.";
            TaskError::permanent(JobErrorCode::NoMatteStrategy, message)
        })?;
        let (shot_queue, shots) = mpsc::channel(SHOTS_IN_FLIGHT_MAX);
        let analysis = KeyAnalysis { analyzer: Some(Box::new(analyzer)), shots: shot_queue };
        let first = FirstPass::new(Box::new(analysis), RawFormat::Planar(format), size);
        Ok(Self { first, shots, keyer: Box::new(Keyer::new(format, options)) })
    }
}

#[derive(Debug)]
struct KeyAnalysis {
    /// None after the last frame.
    analyzer: Option<Box<Analyzer>>,
    shots: mpsc::Sender<Shot>,
}

impl KeyAnalysis {
    fn send(&self, shot: Option<Shot>) -> Progress {
        match shot.map(|shot| self.shots.blocking_send(shot)) {
            None | Some(Ok(())) => Progress::Continue,
            Some(Err(_)) => Progress::Stop,
        }
    }
}

impl Analysis for KeyAnalysis {
    fn add_frame(&mut self, frame: Vec<u8>) -> TaskResult<Progress> {
        let ended = self.analyzer.as_mut().and_then(|analyzer| analyzer.add_frame(&frame));
        Ok(self.send(ended))
    }

    fn finish(&mut self) -> TaskResult<()> {
        let last = self.analyzer.take().and_then(|analyzer| analyzer.finish());
        self.send(last);
        Ok(())
    }
}
