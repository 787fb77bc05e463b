//! The first pass of the keyer: decodes the whole clip and hands over the model of each shot as
//! soon as the shot ends, so that the second pass may follow one shot behind.

use std::ffi::OsString;

use keyer::{Analyzer, KeyOptions, Keyer, PlanarFormat, Shot};
use shared::code::JobErrorCode;
use tokio::sync::mpsc;

use crate::blocking::blocking;
use crate::error::{TaskError, TaskResult};
use crate::ffmpeg::process::{Pipes, Tool};
use crate::ffmpeg::raw_frames::{decode_error, read_frames};
use crate::length::Length;

/// Decoded frames that wait to be analysed.
const FRAMES_IN_FLIGHT_MAX: usize = 2;

/// The first pass over one clip, not begun yet.
#[derive(Debug)]
pub struct FirstPass {
    format: PlanarFormat,
    options: KeyOptions,
    analyzer: Box<Analyzer>,
}

impl FirstPass {
    /// A first pass over frames of one format.
    /// Errors: `no_matte_strategy` where the given screen colour has too little hue.
    pub fn new(format: PlanarFormat, options: KeyOptions) -> TaskResult<Self> {
        let analyzer = Analyzer::new(format, &options).map_err(|keyer::ColorlessScreen| {
            let message = "The given screen colour is too close to grey to be keyed.";
            TaskError::permanent(JobErrorCode::NoMatteStrategy, message)
        })?;
        Ok(Self { format, options, analyzer: Box::new(analyzer) })
    }

    /// The keyer for the second pass, still without shots.
    pub fn keyer(&self) -> Box<Keyer> {
        Box::new(Keyer::new(self.format, self.options))
    }

    /// Decodes the clip with these arguments of ffmpeg and sends each shot to `shots`. `on_frame`
    /// is called after each frame.
    pub async fn run(
        self,
        ffmpeg: Tool<'_>,
        decode: &[OsString],
        length: Length,
        shots: mpsc::Sender<Shot>,
        on_frame: impl Fn(),
    ) -> TaskResult<()> {
        let decoder = ffmpeg.spawn(decode, Pipes::Stdout).map_err(|error| decode_error(error, 0))?;
        let (queue, mut frames) = mpsc::channel::<Vec<u8>>(FRAMES_IN_FLIGHT_MAX);
        let frame_size_bytes = self.format.frame_size_bytes();
        let mut analyzer = self.analyzer;
        let analyze = async {
            while let Some(frame) = frames.recv().await {
                let ended;
                (analyzer, ended) = blocking(move || {
                    let ended = analyzer.add_frame(&frame);
                    (analyzer, ended)
                })
                .await?;
                on_frame();
                // A closed queue means that the second pass failed; its own error says more.
                if let Some(shot) = ended
                    && shots.send(shot).await.is_err()
                {
                    return Ok(());
                }
            }
            if let Some(shot) = blocking(move || analyzer.finish()).await? {
                let _second_pass_failed = shots.send(shot).await;
            }
            Ok(())
        };
        tokio::try_join!(read_frames(decoder, frame_size_bytes, length, queue), analyze)?;
        Ok(())
    }
}
