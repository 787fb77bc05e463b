//! A clip while its strategy is chosen: a few sampled frames, and what strategies may decode
//! besides.

use std::ffi::OsString;
use std::sync::Arc;

use shared::code::JobErrorCode;
use shared::media::PixelSize;
use tokio::sync::mpsc;

use super::MatteRequest;
use crate::error::{TaskError, TaskResult};
use crate::ffmpeg::probe::Probed;
use crate::ffmpeg::process::{Pipes, ProcessError, Tool};
use crate::ffmpeg::raw_frames::read_frames;
use crate::ffmpeg::still::{self, Fit};
use crate::frame::gamut::Gamut;
use crate::length::Length;
use crate::matte::models::Catalog;
use crate::plan;

/// Frames that every strategy can examine, evenly distributed over the clip.
const SAMPLE_COUNT: u64 = 9;
/// Longest side of these frames: downscaling reduces noise and keeps shapes.
/// Units: pixels.
const SAMPLE_SIDE_PX_MAX: u32 = 320;
/// Decoded samples that wait to be processed.
const SAMPLES_IN_FLIGHT_MAX: usize = 2;

/// A probed clip with sampled frames.
#[derive(Debug)]
pub struct SampledClip<'a> {
    ffmpeg: Tool<'a>,
    /// The configured matting models.
    pub models: &'a Arc<Catalog>,
    /// The source.
    pub probed: &'a Probed,
    /// The caller's settings.
    pub request: &'a MatteRequest,
    /// Downscaled frames.
    pub samples: Samples,
}

/// Downscaled frames in order: packed RGB in BT.709.
#[derive(Debug, Clone)]
pub struct Samples {
    /// Size of each.
    pub size: PixelSize,
    /// At least one frame.
    pub frames: Vec<Vec<u8>>,
}

impl<'a> SampledClip<'a> {
    /// Decodes the samples of a clip.
    /// Errors: `source_no_frames`.
    pub async fn sample(
        ffmpeg: Tool<'a>,
        models: &'a Arc<Catalog>,
        probed: &'a Probed,
        request: &'a MatteRequest,
    ) -> TaskResult<Self> {
        let samples = decode_samples(ffmpeg, probed).await?;
        Ok(Self { ffmpeg, models, probed, request, samples })
    }

    /// Decodes about `count` frames, at most `count_max`, evenly distributed over the clip and the
    /// same ones at every size, in one pass; `take` gets them one by one.
    pub async fn decode_evenly(
        &self,
        (count, count_max): (u64, usize),
        size: PixelSize,
        mut take: impl AsyncFnMut(Vec<u8>) -> TaskResult<()>,
    ) -> TaskResult<()> {
        let length = Length::of(&self.probed.facts);
        let frame_size_bytes = usize::try_from(size.pixels() * 3).unwrap_or(usize::MAX);
        let every = (length.frames / count).max(1);
        let arguments = plan::spread(&self.probed.input, every, count_max, size);
        let decoder = self.ffmpeg.spawn(&arguments, Pipes::Stdout).map_err(|error| sampling_error(&error))?;
        let gamut = self.probed.input.wide_gamut.map(Gamut::new);
        let (queue, mut arrived) = mpsc::channel::<Vec<u8>>(SAMPLES_IN_FLIGHT_MAX);
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

    /// Times of the sampled frames: the first frame, then evenly over the clip.
    /// Units: milliseconds.
    pub fn sample_times_ms(&self) -> impl Iterator<Item = u64> {
        sample_times_ms(self.probed)
    }

    /// The first frame that ffmpeg writes with these arguments; none where it fails, as at the very
    /// end of a clip.
    pub async fn decode_frame(&self, arguments: &[OsString], frame_size_bytes: u64) -> TaskResult<Option<Vec<u8>>> {
        decode_frame(self.ffmpeg, arguments, frame_size_bytes).await
    }

    /// The caller's clean plate, if there is one: packed RGB, stretched to this size, not converted
    /// to BT.709.
    pub async fn given_plate(&self, size: PixelSize) -> TaskResult<Option<Vec<u8>>> {
        match &self.request.background {
            Some(path) => {
                let read = still::read(self.ffmpeg, path, size, Fit::Stretched, JobErrorCode::BackgroundUnusable);
                read.await.map(Some)
            }
            None => Ok(None),
        }
    }
}

async fn decode_samples(ffmpeg: Tool<'_>, probed: &Probed) -> TaskResult<Samples> {
    let size = sample_size(probed.facts.size, SAMPLE_SIDE_PX_MAX);
    let frame_size_bytes = size.pixels() * 3;
    let gamut = probed.input.wide_gamut.map(Gamut::new);
    let mut frames = Vec::new();
    for at_ms in sample_times_ms(probed) {
        let frame = decode_frame(ffmpeg, &plan::sample(&probed.input, at_ms, size), frame_size_bytes).await?;
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

/// Never the very end, where a seek finds no frame.
fn sample_times_ms(probed: &Probed) -> impl Iterator<Item = u64> + use<> {
    let duration_ms = probed.facts.duration_ms;
    let mut last = None;
    (0..SAMPLE_COUNT)
        .map(move |index| duration_ms * index / SAMPLE_COUNT)
        .filter(move |at_ms| last.replace(*at_ms) != Some(*at_ms))
}

async fn decode_frame(ffmpeg: Tool<'_>, arguments: &[OsString], frame_size_bytes: u64) -> TaskResult<Option<Vec<u8>>> {
    match ffmpeg.capture_up_to(arguments, frame_size_bytes).await {
        Ok(frame) => Ok(Some(frame)),
        Err(error) if error.is_passing() => Err(sampling_error(&error)),
        Err(error) => {
            tracing::info!(%error, "an instant could not be sampled");
            Ok(None)
        }
    }
}

fn sampling_error(error: &ProcessError) -> TaskError {
    TaskError::Transient(format!("sampling the source: {error}"))
}

/// The picture's size divided by the smallest integer for which neither side is longer than
/// `side_px_max`.
pub fn sample_size(size: PixelSize, side_px_max: u32) -> PixelSize {
    let side_px = size.width.max(size.height);
    let divisor = side_px.div_ceil(side_px_max).max(1);
    PixelSize { width: (size.width / divisor).max(1), height: (size.height / divisor).max(1) }
}
