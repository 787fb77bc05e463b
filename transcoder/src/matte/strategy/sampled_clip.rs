//! A clip while its strategy is chosen: a few sampled frames, and what strategies may decode
//! besides.

use std::sync::Arc;

use shared::code::JobErrorCode;
use shared::media::PixelSize;
use shared::source_alpha::SourceAlpha;
use tokio::sync::mpsc;

use super::MatteRequest;
use super::alpha_samples::{AlphaSample, AlphaSamples};
use crate::blocking::blocking;
use crate::error::{TaskError, TaskResult};
use crate::ffmpeg::probe::Probed;
use crate::ffmpeg::process::{Pipes, ProcessError, Tool};
use crate::ffmpeg::raw_frames::{read_frames, read_samples};
use crate::ffmpeg::still::{self, Fit};
use crate::frame::gamut::Gamut;
use crate::frame::pixels::sides;
use crate::length::Length;
use crate::matte::models::Catalog;
use crate::plan;

/// Frames that every strategy can examine, evenly distributed over the clip.
const SAMPLE_COUNT: u64 = 9;
/// Longest side of these frames: downscaling reduces noise and keeps shapes.
/// Units: pixels.
const SAMPLE_SIDE_PX_MAX: u32 = 320;
/// Work up to which all of a clip is decoded for its samples, although it has seek points: about
/// five seconds of one core for H.264.
/// Units: pixels. A thousand frames of 1920 × 1080.
const ONE_PASS_PIXELS_MAX: u64 = 1_000 * 1_920 * 1_080;
/// Fewer different frames at seek points say too little about a clip.
const DISTINCT_SAMPLES_MIN: usize = 3;
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
    /// Findings about the source's own alpha, at full size.
    pub alpha: AlphaSamples,
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

    /// Whether the source's colours are multiplied by its alpha, as the caller says or the samples
    /// prove.
    pub fn is_premultiplied(&self) -> bool {
        match self.request.source_alpha {
            SourceAlpha::Auto => self.samples.alpha.is_premultiplied(),
            SourceAlpha::Straight => false,
            SourceAlpha::Premultiplied => true,
        }
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

/// Decodes the samples: in one pass where frames are found only by decoding all before them, or
/// where that is little work; otherwise by seeks.
async fn decode_samples(ffmpeg: Tool<'_>, probed: &Probed) -> TaskResult<Samples> {
    let size = sample_size(probed.facts.size, SAMPLE_SIDE_PX_MAX);
    let mut samples = Samples { size, frames: Vec::new(), alpha: AlphaSamples::default() };
    let work_pixels = Length::of(&probed.facts).frames.saturating_mul(probed.facts.size.pixels());
    let is_one_pass = probed.input.container.is_animated_picture() || work_pixels <= ONE_PASS_PIXELS_MAX;
    if is_one_pass {
        samples.decode_pass(ffmpeg, probed).await?;
    } else {
        samples.decode_seek_points(ffmpeg, probed).await?;
        // With one or two seek points, most of the clip was not seen.
        if samples.frames.len() < DISTINCT_SAMPLES_MIN {
            let mut pass = Samples { size, frames: Vec::new(), alpha: AlphaSamples::default() };
            match pass.decode_pass(ffmpeg, probed).await {
                Ok(()) => samples = pass,
                Err(TaskError::Permanent { detail, .. }) if !samples.frames.is_empty() => {
                    tracing::info!(detail, "the samples do not cover the clip");
                }
                Err(error) => return Err(error),
            }
        }
    }
    if samples.frames.is_empty() {
        return Err(TaskError::with_detail(JobErrorCode::SourceNoFrames, "no sampled instant gave a frame"));
    }
    Ok(samples)
}

impl Samples {
    /// Adds the first frame of each ninth of the clip, in one pass.
    /// Errors: `source_too_large` where that takes more processor time than probing is given.
    async fn decode_pass(&mut self, ffmpeg: Tool<'_>, probed: &Probed) -> TaskResult<()> {
        let span_ms = (probed.facts.duration_ms / SAMPLE_COUNT).max(1);
        self.decode(ffmpeg, probed, plan::Instants::Every { span_ms, count: SAMPLE_COUNT }).await
    }

    /// Adds the seek point before each ninth of the clip; of equal frames in a row, one.
    async fn decode_seek_points(&mut self, ffmpeg: Tool<'_>, probed: &Probed) -> TaskResult<()> {
        for index in 0..SAMPLE_COUNT {
            let at_ms = probed.facts.duration_ms * index / SAMPLE_COUNT;
            self.decode(ffmpeg, probed, plan::Instants::SeekPoint(at_ms)).await?;
        }
        self.frames.dedup();
        Ok(())
    }

    async fn decode(&mut self, ffmpeg: Tool<'_>, probed: &Probed, instants: plan::Instants) -> TaskResult<()> {
        let has_alpha = probed.facts.has_alpha;
        let decoded_size = if has_alpha { probed.facts.size } else { self.size };
        let channels = if has_alpha { 4 } else { 3 };
        let frame_size_bytes = usize::try_from(decoded_size.pixels() * channels).unwrap_or(usize::MAX);
        let arguments = plan::sample(&probed.input, has_alpha, instants, decoded_size);
        let decoder = ffmpeg.spawn_sampler(&arguments).map_err(|error| sampling_error(&error))?;
        let (queue, mut arrived) = mpsc::channel::<Vec<u8>>(SAMPLES_IN_FLIGHT_MAX);
        let gamut = probed.input.wide_gamut.map(Gamut::new);
        let size = self.size;
        let take = async {
            while let Some(frame) = arrived.recv().await {
                let mut frame = if has_alpha {
                    let (alpha, shrunk) = blocking(move || (AlphaSample::of(&frame), shrink(&frame, decoded_size, size))).await?;
                    self.alpha.add(&alpha);
                    shrunk
                } else {
                    frame
                };
                if let Some(gamut) = &gamut {
                    frame.as_chunks_mut().0.iter_mut().for_each(|pixel| gamut.convert(pixel));
                }
                self.frames.push(frame);
            }
            Ok(())
        };
        let decode = async {
            match read_samples(decoder, frame_size_bytes, queue).await {
                Ok(()) => Ok(()),
                Err(error) if error.is_passing() => Err(sampling_error(&error)),
                Err(error) if error.is_out_of_processor_time() => {
                    Err(error.into_task_error("sampling the source", JobErrorCode::SourceTooLarge))
                }
                Err(error) => {
                    tracing::info!(%error, "an instant could not be sampled");
                    Ok(())
                }
            }
        };
        tokio::try_join!(decode, take).map(|_| ())
    }
}

/// Mean colour of each square of pixels; the squares' side is the quotient of both sizes.
fn shrink(rgba: &[u8], from: PixelSize, to: PixelSize) -> Vec<u8> {
    let ((width, _), (columns, rows)) = (sides(from), sides(to));
    let side = (width / columns.max(1)).max(1);
    let mut shrunk = Vec::with_capacity(columns * rows * 3);
    for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
        let (mut sums, mut count) = ([0_u32; 3], 0);
        for y in row * side..(row + 1) * side {
            let start = (y * width + column * side) * 4;
            for pixel in rgba.get(start..start + side * 4).unwrap_or_default().chunks_exact(4) {
                sums.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += u32::from(*value));
                count += 1;
            }
        }
        shrunk.extend(sums.map(|sum| u8::try_from((sum + count / 2) / count.max(1)).unwrap_or(u8::MAX)));
    }
    shrunk
}

fn sampling_error(error: &ProcessError) -> TaskError {
    error.passing_error("sampling the source")
}

/// The picture's size divided by the smallest integer for which neither side is longer than
/// `side_px_max`.
pub fn sample_size(size: PixelSize, side_px_max: u32) -> PixelSize {
    let side_px = size.width.max(size.height);
    let divisor = side_px.div_ceil(side_px_max).max(1);
    PixelSize { width: (size.width / divisor).max(1), height: (size.height / divisor).max(1) }
}
