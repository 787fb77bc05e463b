//! Mattes against a background that is learned from the clip; for static cameras.

use std::sync::Arc;

use shared::code::JobErrorCode;
use shared::media::PixelSize;

use super::{AlphaSource, Detection, SampledClip, hundredths};
use crate::blocking::blocking;
use crate::error::{TaskError, TaskResult};
use crate::frame::pixels::sides;
use crate::matte::matting_step::{MattingBackend, MattingRun, MattingSession, Rgba};
use crate::matte::static_camera::{self, BackgroundModel, Plate, PlateAccumulator, Samples, StaticCameraSession};

/// Approximate and largest number of frames from which the background is learned.
const SAMPLES: (u64, usize) = (48, static_camera::SAMPLES_MAX);
/// Longest side of the frames on which it is learned.
/// Units: pixels.
const SAMPLE_SIDE_PX_MAX: u32 = 320;

/// Fits where the background can be learned on downscaled frames; then accumulates it at full size.
pub async fn detect(clip: &SampledClip<'_>) -> TaskResult<Detection> {
    let size = super::sampled_clip::sample_size(clip.probed.facts.size, SAMPLE_SIDE_PX_MAX);
    let given_plate = clip.given_plate(size).await?;
    let mut frames = Vec::new();
    clip.decode_evenly(SAMPLES, size, async |frame| {
        frames.push(frame);
        Ok(())
    })
    .await?;
    let (width, height) = sides(size);
    let samples = Samples { width, height, frames, given_plate };
    let model = match blocking(move || static_camera::learn(&samples)).await? {
        Ok(model) => model,
        Err(refusal) => return Ok(Detection::unsuitable(sentence(&refusal.to_string()))),
    };
    let (confidence, reason) = (hundredths(model.confidence), reason(&model, clip.request.background.is_some()));
    let plate = accumulate(clip, model).await?;
    let backend = Arc::new(StaticCameraBackend { plate: Arc::new(plate) });
    Ok(Detection::fits(AlphaSource::Matted(backend), confidence, reason))
}

async fn accumulate(clip: &SampledClip<'_>, model: BackgroundModel) -> TaskResult<Plate> {
    let size = clip.probed.facts.size;
    let (width, height) = sides(size);
    let mut accumulator = Some((0, PlateAccumulator::new(model, width, height)));
    clip.decode_evenly(SAMPLES, size, async |frame| {
        if let Some((index, mut sums)) = accumulator.take() {
            let work = move || {
                sums.add(index, &frame);
                (index + 1, sums)
            };
            accumulator = Some(blocking(work).await?);
        }
        Ok(())
    })
    .await?;
    let given_plate = clip.given_plate(size).await?;
    match accumulator {
        Some((_, sums)) => blocking(move || sums.finish(given_plate.as_deref())).await,
        None => Err(TaskError::with_detail(JobErrorCode::Internal, "the background was lost")),
    }
}

fn reason(model: &BackgroundModel, has_given_plate: bool) -> String {
    let percent = model.subject_share * 100.0;
    let by = if has_given_plate {
        "the picture of the background shows the scene"
    } else {
        "every part of the background is seen at some time"
    };
    format!("The camera stands still, {by}, and a subject covers {percent:.0} % of the picture.")
}

fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", characters.as_str())
}

/// Holds the plate of one clip.
#[derive(Debug)]
struct StaticCameraBackend {
    plate: Arc<Plate>,
}

impl MattingBackend for StaticCameraBackend {
    fn start(&self, _: PixelSize) -> TaskResult<MattingRun> {
        Ok(MattingRun::single_pass(StaticCameraSession::new(Arc::clone(&self.plate))))
    }
}

impl MattingSession for StaticCameraSession {
    fn push(&mut self, frame: Rgba) -> TaskResult<Vec<Rgba>> {
        Ok(self.push(frame).into_iter().collect())
    }

    fn finish(&mut self) -> TaskResult<Vec<Rgba>> {
        Ok(self.finish().into_iter().collect())
    }
}
