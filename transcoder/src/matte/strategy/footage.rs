//! Looks into the footage while a strategy is chosen: a few frames, its alpha, and the picture of the background.

use std::ffi::OsString;

use shared::code::JobErrorCode;
use shared::media::PixelSize;
use tokio::sync::mpsc;

use super::MatteRequest;
use crate::error::{TaskError, TaskResult};
use crate::ffmpeg::probe::Probed;
use crate::ffmpeg::process::{Piped, ProcessError, Tool};
use crate::ffmpeg::raw_frames::read_frames;
use crate::ffmpeg::still::{self, Fit};
use crate::frame::gamut::Gamut;
use crate::length::Length;
use crate::matte::static_camera;
use crate::plan;

/// Frames that every strategy may look at, spread over the clip.
const SAMPLES: u64 = 9;
/// They are scaled down to this; noise falls, shapes stay.
/// Units: pixels.
const SAMPLE_SIDE_PX_MAX: u32 = 320;
/// Lossy codecs bring opaque alpha back a little lower.
const OPAQUE_ALPHA_MIN: u8 = 250;

/// Frames of a spread that wait to be taken.
const SPREAD_FRAMES_IN_FLIGHT_MAX: usize = 2;

/// What a strategy is chosen by.
#[derive(Debug)]
pub struct Footage<'a> {
    ffmpeg: Tool<'a>,
    /// The source.
    pub probed: &'a Probed,
    /// What is wished for.
    pub request: &'a MatteRequest,
    /// A few small frames.
    pub samples: Samples,
}

/// Frames of one size, in the order of the clip: RGB in BT.709.
#[derive(Debug, Clone)]
pub struct Samples {
    /// Of each.
    pub size: PixelSize,
    /// At least one.
    pub frames: Vec<Vec<u8>>,
}

impl<'a> Footage<'a> {
    /// Takes the samples.
    pub async fn look(ffmpeg: Tool<'a>, probed: &'a Probed, request: &'a MatteRequest) -> TaskResult<Self> {
        let samples = sample(ffmpeg, probed, SAMPLES, SAMPLE_SIDE_PX_MAX).await?;
        Ok(Self { ffmpeg, probed, request, samples })
    }

    /// About so many frames of this size, evenly spread over the clip and the same at every size, one after the other.
    pub async fn spread(
        &self,
        count: u64,
        size: PixelSize,
        mut take: impl AsyncFnMut(Vec<u8>) -> TaskResult<()>,
    ) -> TaskResult<()> {
        let length = Length::of(&self.probed.facts);
        let frame_size_bytes = usize::try_from(size.pixels() * 3).unwrap_or(usize::MAX);
        let every = (length.frames / count).max(1);
        let arguments = plan::spread(&self.probed.input, every, static_camera::SAMPLES_MAX, size);
        let decoder = self.ffmpeg.spawn(&arguments, Piped::Stdout).map_err(|error| sampling(&error))?;
        let gamut = self.probed.input.wide_gamut.map(Gamut::new);
        let (queue, mut arrived) = mpsc::channel::<Vec<u8>>(SPREAD_FRAMES_IN_FLIGHT_MAX);
        let taken = async {
            while let Some(mut frame) = arrived.recv().await {
                if let Some(gamut) = &gamut {
                    frame.as_chunks_mut().0.iter_mut().for_each(|pixel| gamut.convert(pixel));
                }
                take(frame).await?;
            }
            Ok(())
        };
        tokio::try_join!(read_frames(decoder, frame_size_bytes, length, queue), taken)?;
        Ok(())
    }

    /// Whether a sampled frame has anything that is not opaque.
    pub async fn shows_alpha(&self) -> TaskResult<bool> {
        for at_ms in instants(self.probed, SAMPLES) {
            let arguments = plan::sample_alpha(&self.probed.input, at_ms);
            let alpha = one_frame(self.ffmpeg, &arguments, self.probed.facts.size.pixels()).await?;
            if alpha.is_some_and(|alpha| alpha.iter().any(|value| *value < OPAQUE_ALPHA_MIN)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The picture of the background without the subject, if the caller gave one: RGB of this size, colours as it has them.
    pub async fn background(&self, size: PixelSize) -> TaskResult<Option<Vec<u8>>> {
        match &self.request.background {
            Some(path) => {
                let read = still::read(self.ffmpeg, path, size, Fit::Stretched, JobErrorCode::BackgroundUnusable);
                read.await.map(Some)
            }
            None => Ok(None),
        }
    }
}

async fn sample(ffmpeg: Tool<'_>, probed: &Probed, count: u64, side_px_max: u32) -> TaskResult<Samples> {
    let size = sample_size(probed.facts.size, side_px_max);
    let frame_size_bytes = size.pixels() * 3;
    let gamut = probed.input.wide_gamut.map(Gamut::new);
    let mut frames = Vec::new();
    for at_ms in instants(probed, count) {
        let frame = one_frame(ffmpeg, &plan::sample(&probed.input, at_ms, size), frame_size_bytes).await?;
        let Some(mut frame) = frame.filter(|frame| frame.len() as u64 == frame_size_bytes) else { continue };
        if let Some(gamut) = &gamut {
            frame.as_chunks_mut().0.iter_mut().for_each(|pixel| gamut.convert(pixel));
        }
        frames.push(frame);
    }
    if frames.is_empty() {
        return Err(TaskError::with_detail(JobErrorCode::SourceNoFrames, "no sampled instant gave a frame"));
    }
    Ok(Samples { size, frames })
}

/// The first frame, then evenly over the clip; never its very end, where a seek finds nothing.
fn instants(probed: &Probed, count: u64) -> impl Iterator<Item = u64> {
    let duration_ms = probed.facts.duration_ms;
    let mut last = None;
    (0..count).map(move |index| duration_ms * index / count).filter(move |at_ms| last.replace(*at_ms) != Some(*at_ms))
}

async fn one_frame(ffmpeg: Tool<'_>, arguments: &[OsString], frame_size_bytes: u64) -> TaskResult<Option<Vec<u8>>> {
    match ffmpeg.capture_up_to(arguments, frame_size_bytes).await {
        Ok(frame) => Ok(Some(frame)),
        Err(error) if error.is_passing() => Err(sampling(&error)),
        Err(error) => {
            tracing::info!(%error, "an instant could not be sampled");
            Ok(None)
        }
    }
}

fn sampling(error: &ProcessError) -> TaskError {
    TaskError::Transient(format!("sampling the source: {error}"))
}

/// A size that is a whole fraction of the picture's, and no longer on a side than that.
pub fn sample_size(size: PixelSize, side_px_max: u32) -> PixelSize {
    let side_px = size.width.max(size.height);
    let divisor = side_px.div_ceil(side_px_max).max(1);
    PixelSize { width: (size.width / divisor).max(1), height: (size.height / divisor).max(1) }
}
