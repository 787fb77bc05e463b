//! Matting backends, which make alpha from the colours of frames, and the step of the pipeline that
//! runs one.
//!
//! The step runs beside decoder and encoders, so that their work overlaps; a backend may hold
//! frames back.

use std::fmt::Debug;

use shared::media::PixelSize;
use tokio::sync::mpsc;

use crate::blocking::blocking;
use crate::error::TaskResult;
use crate::frame::gamut::{Gamut, WideGamut};
use crate::matte::first_pass::FirstPass;

/// A frame: packed straight RGBA.
pub type Rgba = Vec<u8>;

/// Makes the mattes of one clip, frame by frame. Data of the whole clip, such as a clean plate, is
/// part of the backend from the start.
pub trait MattingBackend: Debug + Send + Sync {
    /// Starts at the first frame of a clip; any number of times.
    fn start(&self, size: PixelSize) -> TaskResult<MattingRun>;
}

/// One run of a backend over a clip.
#[derive(Debug)]
pub struct MattingRun {
    /// Mattes the frames.
    pub session: Box<dyn MattingSession>,
    /// Runs ahead of the session and hands results over to it, if the backend needs that.
    pub first_pass: Option<FirstPass>,
}

impl MattingRun {
    /// A run with a single pass.
    pub fn single_pass(session: impl MattingSession + 'static) -> Self {
        Self { session: Box::new(session), first_pass: None }
    }
}

/// One run of a backend over its clip, in order. It moves between threads but is never shared.
pub trait MattingSession: Debug + Send {
    /// Takes the next frame, opaque and in BT.709. Returns the frames that are done, in order, with
    /// alpha, and with foreground colours where alpha is partial.
    fn push(&mut self, frame: Rgba) -> TaskResult<Vec<Rgba>>;

    /// Returns the frames that were held back, after the last frame.
    fn finish(&mut self) -> TaskResult<Vec<Rgba>>;
}

/// The step of the pipeline between decoder and frame pipeline: converts the gamut, then mattes.
#[derive(Debug)]
pub struct MattingStep {
    session: Box<dyn MattingSession>,
    gamut: Option<Gamut>,
}

impl MattingStep {
    /// A step with this session; `wide` is the gamut of its frames where that is not BT.709.
    pub fn new(session: Box<dyn MattingSession>, wide: Option<WideGamut>) -> Self {
        Self { session, gamut: wide.map(Gamut::new) }
    }

    /// Runs until `decoded` or `matted` is closed.
    pub async fn run(mut self, mut decoded: mpsc::Receiver<Rgba>, matted: mpsc::Sender<Rgba>) -> TaskResult<()> {
        loop {
            let frame = decoded.recv().await;
            let is_last = frame.is_none();
            let work = blocking(move || {
                let done = self.apply(frame);
                (self, done)
            });
            let done;
            (self, done) = work.await?;
            for frame in done? {
                // A closed queue means that an encoder failed; its own error says more than ours
                // could.
                if matted.send(frame).await.is_err() {
                    return Ok(());
                }
            }
            if is_last {
                return Ok(());
            }
        }
    }

    fn apply(&mut self, frame: Option<Rgba>) -> TaskResult<Vec<Rgba>> {
        let Some(mut frame) = frame else { return self.session.finish() };
        if let Some(gamut) = &self.gamut {
            gamut.apply(&mut frame);
        }
        self.session.push(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns each frame one call late and numbers frames by their alpha.
    #[derive(Debug, Default)]
    struct OneFrameLate {
        held: Option<Rgba>,
        count: u8,
    }

    impl MattingSession for OneFrameLate {
        fn push(&mut self, mut frame: Rgba) -> TaskResult<Vec<Rgba>> {
            self.count += 1;
            frame.iter_mut().skip(3).step_by(4).for_each(|alpha| *alpha = self.count);
            Ok(self.held.replace(frame).into_iter().collect())
        }

        fn finish(&mut self) -> TaskResult<Vec<Rgba>> {
            Ok(self.held.take().into_iter().collect())
        }
    }

    #[tokio::test]
    async fn frames_that_are_held_back_come_at_the_end_and_in_order() {
        let (frames_in, decoded) = mpsc::channel(8);
        let (matted, mut frames_out) = mpsc::channel(8);
        for red in [10, 20, 30] {
            frames_in.send(vec![red, 0, 0, 255]).await.unwrap();
        }
        drop(frames_in);
        let step = MattingStep { session: Box::new(OneFrameLate::default()), gamut: None };
        step.run(decoded, matted).await.unwrap();
        let mut seen = Vec::new();
        while let Some(frame) = frames_out.recv().await {
            seen.push((frame[0], frame[3]));
        }
        assert_eq!(seen, [(10, 1), (20, 2), (30, 3)]);
    }
}
