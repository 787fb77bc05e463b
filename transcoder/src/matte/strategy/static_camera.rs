//! Whether the camera stands still and the background can be told from the subject.

use std::sync::Arc;

use shared::code::JobErrorCode;
use shared::media::PixelSize;
use tokio::task::spawn_blocking;

use super::{Footage, Matte, Verdict, hundredths};
use crate::error::{TaskError, TaskResult};
use crate::frame::pixels::sides;
use crate::matte::models::{Matter, Matting, Rgba};
use crate::matte::static_camera::{self, Gatherer, Learned, Plate, Samples};

/// Frames that the background is learned from, about.
const SAMPLES: u64 = 48;
/// Units: pixels.
const SAMPLE_SIDE_PX_MAX: u32 = 320;

/// Looks: learns the background from small frames, then gathers it at full size.
pub async fn look(footage: &Footage<'_>) -> TaskResult<Verdict> {
    let size = super::footage::sample_size(footage.probed.facts.size, SAMPLE_SIDE_PX_MAX);
    let given = footage.background(size).await?;
    let mut frames = Vec::new();
    footage
        .spread(SAMPLES, size, async |frame| {
            frames.push(frame);
            Ok(())
        })
        .await?;
    let (width, height) = sides(size);
    let samples = Samples { width, height, frames, given };
    let learned = match blocking(move || static_camera::learn(&samples)).await? {
        Ok(learned) => learned,
        Err(refusal) => return Ok(Verdict::unfit(sentence(&refusal.to_string()))),
    };
    let (confidence, reason) = (hundredths(learned.confidence), told(&learned, footage.request.background.is_some()));
    let plate = gather(footage, learned).await?;
    Ok(Verdict::fits(Matte::StaticCamera(Arc::new(StaticCamera { plate: Arc::new(plate) })), confidence, reason))
}

async fn gather(footage: &Footage<'_>, learned: Learned) -> TaskResult<Plate> {
    let size = footage.probed.facts.size;
    let (width, height) = sides(size);
    let mut gatherer = Some((0, Gatherer::new(learned, width, height)));
    footage
        .spread(SAMPLES, size, async |frame| {
            if let Some((index, mut sums)) = gatherer.take() {
                let work = move || {
                    sums.add(index, &frame);
                    (index + 1, sums)
                };
                gatherer = Some(blocking(work).await?);
            }
            Ok(())
        })
        .await?;
    let given = footage.background(size).await?;
    match gatherer {
        Some((_, sums)) => blocking(move || sums.finish(given.as_deref())).await,
        None => Err(TaskError::with_detail(JobErrorCode::Internal, "the background was lost")),
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> TaskResult<T> {
    spawn_blocking(work).await.map_err(|error| TaskError::with_detail(JobErrorCode::Internal, error.to_string()))
}

fn told(learned: &Learned, is_given: bool) -> String {
    let percent = learned.subject_share * 100.0;
    let by = if is_given {
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

/// The background of one clip.
#[derive(Debug)]
struct StaticCamera {
    plate: Arc<Plate>,
}

impl Matting for StaticCamera {
    fn begin(&self, _: PixelSize) -> TaskResult<Box<dyn Matter>> {
        Ok(Box::new(static_camera::Matter::new(Arc::clone(&self.plate))))
    }
}

impl Matter for static_camera::Matter {
    fn take(&mut self, frame: Rgba) -> TaskResult<Vec<Rgba>> {
        Ok(self.take(frame).into_iter().collect())
    }

    fn finish(&mut self) -> TaskResult<Vec<Rgba>> {
        Ok(self.finish().into_iter().collect())
    }
}
