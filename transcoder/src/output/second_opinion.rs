//! A second opinion on mattes without a screen: a matting model looks at a few frames of the
//! source, and the matte is compared with what it finds there.

mod disagreement;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use shared::media::PixelSize;
use shared::strategy::Strategy;

use self::disagreement::Disagreement;
use crate::blocking::blocking;
use crate::error::TaskResult;
use crate::ffmpeg::probe::Probed;
use crate::ffmpeg::process::Tool;
use crate::frame::raw_format::RawFormat;
use crate::length::Length;
use crate::matte::first_pass::{Analysis, FirstPass, Progress};
use crate::matte::models::{Catalog, Kind, Model, Plane};
use crate::matte::strategy::{matte_samples, sample_size};
use crate::output::run_plan::RunPlan;

/// Frames that are compared at most, evenly distributed over the clip.
const FRAMES_MAX: usize = 12;
/// Longest side of these frames.
/// Units: pixels.
const SIDE_PX_MAX: u32 = 320;

/// Alpha of every n-th frame of a result.
#[derive(Debug, Default)]
pub struct MatteSamples {
    every: u64,
    mattes: Vec<Plane>,
}

/// What a second opinion says of a matte.
#[derive(Debug, Clone, Copy)]
pub struct Opinion {
    /// Squared alpha in what is surely background, over the subject's area.
    pub foreign_share: f64,
    /// Squared lack of alpha in what is surely subject, over the subject's area.
    pub lacking_share: f64,
}

impl MatteSamples {
    /// Samples of a clip of this length.
    pub fn new(length: Length) -> Self {
        Self { every: length.frames.div_ceil(FRAMES_MAX as u64).max(1), mattes: Vec::new() }
    }

    /// Adds the next frame, number `index`, if it is one of the samples.
    pub fn add(&mut self, index: u64, size: PixelSize, alpha: &[u8]) {
        if self.every > 0 && index.is_multiple_of(self.every) && self.mattes.len() < FRAMES_MAX {
            let values = alpha.iter().map(|value| f32::from(*value) / 255.0).collect();
            self.mattes.push(Plane { size, values });
        }
    }
}

/// True for strategies whose mattes need one: nothing else shows wrong objects and missing parts.
pub const fn is_needed(strategy: Strategy) -> bool {
    matches!(strategy, Strategy::OnnxMatting | Strategy::StaticCamera)
}

/// The model that gives the opinion: one that did not make the matte if there is one, of several a
/// segmentation model. A segmentation model may judge its own mattes, since it sees each frame
/// without its neighbours here; so may one that helped a recurrent model. `maker` is the id of the
/// model that made the matte, if one is known.
pub fn choose(models: &Catalog, maker: Option<&str>) -> Option<Arc<Model>> {
    let usable = models.entries().iter().filter_map(|entry| entry.model().ok());
    let is_maker = |model: &Arc<Model>| maker == Some(model.manifest().id.as_str());
    let is_segmentation = |model: &Arc<Model>| model.manifest().kind == Kind::Segmentation;
    let allowed = usable.filter(|model| is_segmentation(model) || !is_maker(model));
    allowed.min_by_key(|model| (is_maker(model), !is_segmentation(model)))
}

/// Compares samples of a result with the mattes of a model; none where the model does not know:
/// see `disagreement`.
pub async fn compare(
    ffmpeg: Tool<'_>,
    (probed, plan): (&Probed, &RunPlan),
    model: Arc<Model>,
    samples: MatteSamples,
) -> TaskResult<Option<Opinion>> {
    let size = sample_size(plan.picture.size, SIDE_PX_MAX);
    let (sender, frames) = channel();
    let collector = Box::new(Collector { every: samples.every, index: 0, frames: sender });
    let pass = FirstPass::new(collector, RawFormat::Rgba, size).in_bt709(probed.input.wide_gamut);
    let decode = pass.decode(probed, &plan.picture);
    pass.run(ffmpeg, &decode, plan.picture.length, || ()).await?;
    blocking(move || disagreement(&model, &frames, size, &samples.mattes)).await?
}

fn disagreement(
    model: &Arc<Model>,
    frames: &Receiver<Vec<u8>>,
    size: PixelSize,
    mattes: &[Plane],
) -> TaskResult<Option<Opinion>> {
    let frames: Vec<Vec<u8>> = frames.try_iter().take(mattes.len()).collect();
    let opinions = matte_samples(model, &frames, size)?;
    let mut sums = Disagreement::default();
    for (matte, opinion) in mattes.iter().zip(&opinions) {
        sums.add(&matte.scaled(opinion.size), opinion);
    }
    Ok(sums.finish())
}

/// Keeps every n-th frame, packed RGB.
#[derive(Debug)]
struct Collector {
    every: u64,
    index: u64,
    frames: Sender<Vec<u8>>,
}

impl Analysis for Collector {
    fn add_frame(&mut self, frame: Vec<u8>) -> TaskResult<Progress> {
        let is_sample = self.index.is_multiple_of(self.every);
        self.index += 1;
        if !is_sample {
            return Ok(Progress::Continue);
        }
        let rgb = frame.as_chunks::<4>().0.iter().flat_map(|[red, green, blue, _]| [*red, *green, *blue]).collect();
        Ok(if self.frames.send(rgb).is_ok() { Progress::Continue } else { Progress::Stop })
    }

    fn finish(&mut self) -> TaskResult<()> {
        Ok(())
    }
}
