//! Mattes that are made frame by frame from the picture alone: what makes them, and the stage of the pipeline they are made in.
//!
//! A matter is a stage of its own between decoder and encoders, so that its work and theirs overlap. It may hold frames
//! back; what must be known of the whole clip before its first frame (a background) is found while the strategy is chosen.

pub mod card;
pub mod catalog;
mod guided;
mod model;
pub mod onnx;
mod plane;
mod precision;
mod provider;
mod quads;
mod runtime;
mod session;
mod signature;
mod steady;
mod tensor;
mod unmix;

use std::fmt::Debug;
use std::sync::Arc;

use shared::code::JobErrorCode;
use shared::media::PixelSize;
use tokio::sync::mpsc;

use crate::error::{TaskError, TaskResult};
use crate::frame::gamut::{Gamut, WideGamut};
pub use catalog::Catalog;
pub use model::{Limits, Model, Run};
pub use provider::Providers;

/// A frame: straight RGBA of the picture's size.
pub type Rgba = Vec<u8>;

/// Something that can make the mattes of one clip, as often as wanted.
pub trait Matting: Debug + Send + Sync {
    /// A matter before the first frame of the clip.
    fn begin(&self, size: PixelSize) -> TaskResult<Box<dyn Matter>>;
}

/// Makes the mattes of one clip's frames, in order. It is moved from thread to thread, never shared.
pub trait Matter: Debug + Send {
    /// Takes the next frame, opaque as it was decoded, in BT.709. Gives back the frames that are done by now, in order: with
    /// alpha, and with the subject's own colours where it is soft.
    fn take(&mut self, frame: Rgba) -> TaskResult<Vec<Rgba>>;

    /// Gives back the frames that were held back: no more will come.
    fn finish(&mut self) -> TaskResult<Vec<Rgba>>;
}

/// The stage: a matter, and what frames go through before it.
#[derive(Debug)]
pub struct Stage {
    matter: Box<dyn Matter>,
    gamut: Option<Gamut>,
}

impl Stage {
    /// The stage for a clip.
    pub fn new(matting: &Arc<dyn Matting>, size: PixelSize, wide: Option<WideGamut>) -> TaskResult<Self> {
        Ok(Self { matter: matting.begin(size)?, gamut: wide.map(Gamut::new) })
    }

    /// Runs until no more frames come, or nobody wants any.
    pub async fn run(mut self, mut decoded: mpsc::Receiver<Rgba>, matted: mpsc::Sender<Rgba>) -> TaskResult<()> {
        loop {
            let frame = decoded.recv().await;
            let is_last = frame.is_none();
            let work = tokio::task::spawn_blocking(move || {
                let done = self.pass(frame);
                (self, done)
            });
            let done;
            (self, done) = work.await.map_err(|error| TaskError::with_detail(JobErrorCode::Internal, error.to_string()))?;
            for frame in done? {
                // A closed queue means that an encoder failed; its own error says more than ours could.
                if matted.send(frame).await.is_err() {
                    return Ok(());
                }
            }
            if is_last {
                return Ok(());
            }
        }
    }

    fn pass(&mut self, frame: Option<Rgba>) -> TaskResult<Vec<Rgba>> {
        let Some(mut frame) = frame else { return self.matter.finish() };
        if let Some(gamut) = &self.gamut {
            gamut.apply(&mut frame);
        }
        self.matter.take(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Holds one frame back and numbers frames by their alpha.
    #[derive(Debug, Default)]
    struct Late {
        held: Option<Rgba>,
        count: u8,
    }

    impl Matter for Late {
        fn take(&mut self, mut frame: Rgba) -> TaskResult<Vec<Rgba>> {
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
        let stage = Stage { matter: Box::new(Late::default()), gamut: None };
        stage.run(decoded, matted).await.unwrap();
        let mut seen = Vec::new();
        while let Some(frame) = frames_out.recv().await {
            seen.push((frame[0], frame[3]));
        }
        assert_eq!(seen, [(10, 1), (20, 2), (30, 3)]);
    }
}
