//! A first pass over a clip: a decode of its own, ahead of the one from which outputs are made.

use std::ffi::OsString;
use std::fmt::Debug;

use shared::media::PixelSize;
use tokio::sync::mpsc;

use crate::blocking::blocking;
use crate::error::TaskResult;
use crate::ffmpeg::probe::Probed;
use crate::ffmpeg::process::{Pipes, Tool};
use crate::ffmpeg::raw_frames::{decode_error, read_frames};
use crate::frame::gamut::{Gamut, WideGamut};
use crate::frame::raw_format::RawFormat;
use crate::length::Length;
use crate::plan::{self, Picture};

/// Decoded frames that wait to be analysed.
const FRAMES_IN_FLIGHT_MAX: usize = 2;

/// What a first pass does with the frames. Its results go to the second pass through channels of
/// its own, so that the second pass may follow closely.
pub trait Analysis: Debug + Send {
    /// Takes the next frame. May block, also until the second pass has made room for results.
    fn add_frame(&mut self, frame: Vec<u8>) -> TaskResult<Progress>;

    /// Hands over what is left after the last frame.
    fn finish(&mut self) -> TaskResult<()>;
}

/// Whether an analysis needs more frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It does.
    Continue,
    /// The second pass has ended; its own error says more.
    Stop,
}

/// A first pass over one clip, not begun yet.
#[derive(Debug)]
pub struct FirstPass {
    analysis: Box<dyn Analysis>,
    raw_format: RawFormat,
    size: PixelSize,
    gamut: Option<Gamut>,
}

impl FirstPass {
    /// A pass over frames of this format and size, in the source's own gamut.
    pub fn new(analysis: Box<dyn Analysis>, raw_format: RawFormat, size: PixelSize) -> Self {
        Self { analysis, raw_format, size, gamut: None }
    }

    /// Converts RGBA frames to BT.709 where they are in a wide gamut.
    #[must_use]
    pub fn in_bt709(self, wide: Option<WideGamut>) -> Self {
        Self { gamut: wide.map(Gamut::new), ..self }
    }

    /// The arguments of ffmpeg that decode the clip for it.
    pub fn decode(&self, probed: &Probed, picture: &Picture) -> Vec<OsString> {
        plan::decode(probed, &Picture { size: self.size, ..*picture }, self.raw_format)
    }

    /// Decodes the clip and analyses it. `on_frame` is called after each frame.
    pub async fn run(self, ffmpeg: Tool<'_>, decode: &[OsString], length: Length, on_frame: impl Fn()) -> TaskResult<()> {
        let decoder = ffmpeg.spawn(decode, Pipes::Stdout).map_err(|error| decode_error(error, 0))?;
        let (queue, mut frames) = mpsc::channel::<Vec<u8>>(FRAMES_IN_FLIGHT_MAX);
        let frame_size_bytes = self.raw_format.frame_size_bytes(self.size);
        let Self { mut analysis, mut gamut, .. } = self;
        let analyze = async {
            while let Some(mut frame) = frames.recv().await {
                let progress;
                (analysis, gamut, progress) = blocking(move || {
                    if let Some(gamut) = &gamut {
                        gamut.apply(&mut frame);
                    }
                    let progress = analysis.add_frame(frame);
                    (analysis, gamut, progress)
                })
                .await?;
                on_frame();
                if progress? == Progress::Stop {
                    return Ok(());
                }
            }
            blocking(move || analysis.finish()).await?
        };
        tokio::try_join!(read_frames(decoder, frame_size_bytes, length, queue), analyze)?;
        Ok(())
    }
}
