//! The pipeline on a local file: verified outputs in a local folder. The fleet and the command line
//! both run it; it has no network.
//!
//! | step | done by |
//! |---|---|
//! | source | the caller puts it into the task's folder |
//! | probe | [`Engine::prepare`]: `ffmpeg::probe`, `ffmpeg::sound` |
//! | choose the matte | [`Engine::prepare`]: `matte::strategy` |
//! | plan | [`Engine::plan`]: `output::run_plan` |
//! | check the disk | `output::space` |
//! | first pass, where the matte needs one | `matte::first_pass`: a decode of its own, ahead |
//! | decode → matte → compose → encode | `stream`: one decode, all encoders at once |
//! | previews | `output::preview` |
//! | verify | `output::verify`: every output is decoded again |
//! | QA report | `output::qa` |
//! | store, report | the caller |

mod frame_pipeline;
mod stream;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use futures_util::{StreamExt, TryStreamExt};
use shared::code::JobErrorCode;
use shared::qa::{MatteFigures, QaReport, StageTiming};
use shared::report::AttemptStage;
use shared::strategy::StrategyChoice;
use tokio::sync::OnceCell;

use self::frame_pipeline::{FramePipeline, TransparentPixels};
use self::stream::Passes;
use crate::blocking::blocking;
use crate::error::{TaskError, TaskResult};
use crate::ffmpeg::probe::{self, Probed};
use crate::ffmpeg::process::{Tool, args};
use crate::ffmpeg::sound;
use crate::ffmpeg::still::{self, Fit};
use crate::frame::compositor::{Compositor, Ground};
use crate::matte::key_analysis::KeyingPasses;
use crate::matte::keying_step::{KeyingStep, ScreenSummary};
use crate::matte::matting_step::{MattingRun, MattingStep};
use crate::matte::models::Catalog;
use crate::matte::strategy::{self, ChosenMatte, Matte, MatteRequest};
use crate::output::master::Master;
use crate::output::preview::{self, PreviewFile};
use crate::output::qa::{self, ReportInputs};
use crate::output::rendition::{OutputRequest, RenditionKind};
use crate::output::run_plan::RunPlan;
use crate::output::second_opinion::{self, MatteSamples};
use crate::output::space;
use crate::output::verify::{Reference, Verified, verify};
use crate::progress::ProgressSink;

/// Runs the pipeline with the ffmpeg programs in the folder of one task.
#[derive(Debug, Clone, Copy)]
pub struct Engine<'a> {
    ffmpeg: Tool<'a>,
    ffprobe: Tool<'a>,
    models: &'a Arc<Catalog>,
    progress: &'a ProgressSink,
}

/// A probed source, and how its matte will be made.
#[derive(Debug)]
pub struct Prepared {
    /// The source.
    pub probed: Probed,
    /// The chosen matte.
    pub matte: Matte,
    /// The reason for that matte; none where it was given.
    pub choice: Option<StrategyChoice>,
    /// Duration of probing and choosing.
    pub timing: StageTiming,
}

impl Prepared {
    /// Collects the inputs of the QA report.
    pub const fn report_inputs<'a>(
        &'a self,
        plan: &'a RunPlan,
        (screens, figures): (Option<ScreenSummary>, MatteFigures),
        verified: &'a [Verified],
    ) -> ReportInputs<'a> {
        ReportInputs {
            probed: &self.probed,
            strategy: self.matte.strategy,
            choice: self.choice.as_ref(),
            plan,
            screens,
            figures,
            verified,
        }
    }
}

/// Everything that one run made.
#[derive(Debug)]
pub struct RunResult {
    /// In the order asked for.
    pub outputs: Vec<Verified>,
    /// Previews, and the report as a file; empty when none were asked for.
    pub previews: Vec<PreviewFile>,
    /// Quality of the result.
    pub report: QaReport,
}

/// The ffmpeg programs.
#[derive(Debug, Clone)]
pub struct Programs {
    /// Found through PATH unless it is a path.
    pub ffmpeg: String,
    /// Found through PATH unless it is a path.
    pub ffprobe: String,
}

impl<'a> Engine<'a> {
    /// An engine that works in `dir`.
    pub fn new(programs: &'a Programs, models: &'a Arc<Catalog>, dir: &'a Path, progress: &'a ProgressSink) -> Self {
        let tool = |program| Tool { program, dir };
        Self { ffmpeg: tool(&programs.ffmpeg), ffprobe: tool(&programs.ffprobe), models, progress }
    }

    /// Probes the source and chooses how its matte will be made.
    pub async fn prepare(&self, source: &Path, request: &MatteRequest) -> TaskResult<Prepared> {
        let begun = Instant::now();
        self.progress.set(AttemptStage::Probing, 0, 1);
        let mut probed = probe::probe(self.ffprobe, source).await?;
        sound::choose(self.ffmpeg, &mut probed).await?;
        let ChosenMatte { matte, choice, .. } = strategy::choose(self.ffmpeg, self.models, &mut probed, request).await?;
        self.progress.set(AttemptStage::Probing, 1, 1);
        Ok(Prepared { probed, matte, choice: Some(choice), timing: timing(AttemptStage::Probing.as_str(), begun) })
    }

    /// Probes a source whose matte is already decided.
    pub async fn read(&self, source: &Path, matte: Matte) -> TaskResult<Prepared> {
        let begun = Instant::now();
        let probed = probe::probe(self.ffprobe, source).await?;
        Ok(Prepared { probed, matte, choice: None, timing: timing(AttemptStage::Probing.as_str(), begun) })
    }

    /// Probes a source and looks for a screen: it is keyed where `auto` would key it with
    /// certainty, and otherwise has the source's own alpha.
    pub async fn read_screen(&self, source: &Path) -> TaskResult<Prepared> {
        let read = self.read(source, Matte::SOURCE_ALPHA).await?;
        let begun = Instant::now();
        let screen = strategy::certain_screen(self.ffmpeg, self.models, &read.probed).await?;
        let matte = screen.unwrap_or(Matte::SOURCE_ALPHA);
        let duration_ms = read.timing.duration_ms + timing("", begun).duration_ms;
        Ok(Prepared { matte, timing: StageTiming { duration_ms, ..read.timing }, ..read })
    }

    /// ffmpeg, in this engine's folder.
    pub const fn ffmpeg(&self) -> Tool<'a> {
        self.ffmpeg
    }

    /// Plans the run without starting it.
    pub fn plan(prepared: &Prepared, request: &OutputRequest) -> RunPlan {
        RunPlan::new(&prepared.probed, prepared.matte.raw_format(&prepared.probed), request)
    }

    /// Makes and verifies every output. `deliver` gets each as soon as it is verified, while others
    /// still are being verified.
    pub async fn make(
        &self,
        prepared: &Prepared,
        request: &OutputRequest,
        deliver: impl AsyncFn(&Verified) -> TaskResult<()>,
    ) -> TaskResult<RunResult> {
        let plan = Self::plan(prepared, request);
        tracing::debug!(%plan, "planned");
        space::check(self.ffmpeg.dir, &plan.renditions)?;
        let begun = Instant::now();
        let mut master = self.stream(prepared, &plan, request.backdrop.as_deref()).await?;
        qa::check_usable(&master.matte, prepared.matte.strategy)?;
        let mut previews = preview::collect(self.ffmpeg.dir, &plan.renditions, &master)?;
        let encoding = timing(AttemptStage::Encoding.as_str(), begun);
        let begun = Instant::now();
        if second_opinion::is_needed(prepared.matte.strategy) {
            let samples = std::mem::take(&mut master.matte_samples);
            master.matte = self.second_opinion(prepared, &plan, samples, master.matte).await?;
        }
        let outputs = self.verify(prepared, &plan, &master, deliver).await?;
        let verifying = timing(AttemptStage::Verifying.as_str(), begun);
        let inputs = prepared.report_inputs(&plan, (master.screens, master.matte), &outputs);
        let report = qa::report(inputs, self.tools().await?, vec![prepared.timing.clone(), encoding, verifying]);
        if request.previews {
            previews.push(preview::write_report(self.ffmpeg.dir, &report)?);
        }
        Ok(RunResult { outputs, previews, report })
    }

    /// Adds what a model finds in samples of a result to its figures; nothing where no model is
    /// usable, or it fails.
    pub async fn second_opinion(
        &self,
        prepared: &Prepared,
        plan: &RunPlan,
        samples: MatteSamples,
        figures: MatteFigures,
    ) -> TaskResult<MatteFigures> {
        let maker = prepared.choice.as_ref().and_then(|choice| choice.matting_model.clone());
        let models = Arc::clone(self.models);
        let Some(model) = blocking(move || second_opinion::choose(&models, maker.as_deref())).await? else { return Ok(figures) };
        match second_opinion::compare(self.ffmpeg, (&prepared.probed, plan), model, samples).await {
            Ok(Some(opinion)) => Ok(MatteFigures {
                foreign_share: Some(opinion.foreign_share),
                lacking_share: Some(opinion.lacking_share),
                ..figures
            }),
            Ok(None) => Ok(figures),
            Err(TaskError::Permanent { detail, .. }) => {
                tracing::warn!(detail, "a second opinion failed");
                Ok(figures)
            }
            Err(error) => Err(error),
        }
    }

    /// Decode → matte → compose → encode, all at once.
    async fn stream(&self, prepared: &Prepared, plan: &RunPlan, backdrop: Option<&Path>) -> TaskResult<Master> {
        let length = plan.picture.length;
        let (passes, pipeline) = self.passes(prepared, plan, backdrop).await?;
        let (done, total) = (Cell::new(0), length.frames * if passes.first.is_some() { 2 } else { 1 });
        let note = || {
            done.set(done.get() + 1);
            self.progress.set(AttemptStage::Encoding, done.get(), total);
        };
        let master = stream::stream(self.ffmpeg, plan, passes, pipeline, note).await?;
        let container = prepared.probed.input.container;
        if length.lacks(master.frames) && !container.is_animated_picture() && !container.begins_anywhere() {
            return Err(length.too_few(master.frames));
        }
        if master.screens.is_some_and(|screens| screens.is_without_screen()) {
            let message = "No shot of the video shows a screen of the colour that was given or found in samples.";
            return Err(TaskError::permanent(JobErrorCode::NoMatteStrategy, message));
        }
        Ok(master)
    }

    /// The passes that make the matte, and the frame pipeline.
    async fn passes(&self, prepared: &Prepared, plan: &RunPlan, backdrop: Option<&Path>) -> TaskResult<(Passes, FramePipeline)> {
        let Prepared { probed, matte, .. } = prepared;
        let (size, wide) = (plan.picture.size, probed.input.wide_gamut);
        let (keying_first, shots, keyer) = match matte.keying(plan.raw_format, size, wide)? {
            Some(KeyingPasses { first, shots, keyer }) => (Some(first), Some(shots), Some(keyer)),
            None => (None, None, None),
        };
        let (session, matting_first) = match matte.backend().map(|backend| backend.start(size)).transpose()? {
            Some(MattingRun { session, first_pass }) => (Some(session), first_pass.map(|first| first.in_bt709(wide))),
            None => (None, None),
        };
        let matting = session.map(|session| MattingStep::new(session, wide));
        let first = keying_first.or(matting_first).map(|first| {
            let decode = first.decode(probed, &plan.picture);
            (first, decode)
        });
        // The matting step has converted its frames to BT.709 already.
        let keying_wide = wide.filter(|_| matting.is_none());
        let keying = KeyingStep::new(size, keyer, keying_wide);
        let ground = match (backdrop, plan.composition.background) {
            (Some(path), _) => Ground::Picture(
                still::read(self.ffmpeg, path, plan.composed_size(), Fit::Filling, JobErrorCode::BackdropUnusable).await?,
            ),
            (None, Some(color)) => Ground::Color(color.0),
            (None, None) => Ground::Clear,
        };
        let compositor = Compositor::new(&plan.composition, size, plan.picture.pixel_aspect, ground);
        let transparent_pixels =
            if matte.keeps_transparent_colors() { TransparentPixels::Kept } else { TransparentPixels::Flattened };
        let metrics = qa::metrics(probed, plan);
        Ok((Passes { first, shots, matting }, FramePipeline::new(plan, keying, compositor, transparent_pixels, metrics)))
    }

    /// Verifies outputs, as many at once as there are cores.
    async fn verify(
        &self,
        prepared: &Prepared,
        plan: &RunPlan,
        master: &Master,
        deliver: impl AsyncFn(&Verified) -> TaskResult<()>,
    ) -> TaskResult<Vec<Verified>> {
        let reference = Reference { master, picture: plan.picture, has_audio: prepared.probed.facts.has_audio };
        let (deliver, done) = (&deliver, &Cell::new(0));
        let outputs = plan.renditions.iter().filter_map(|rendition| match rendition.kind {
            RenditionKind::Output(output) => Some((output, rendition)),
            RenditionKind::Preview(_) => None,
        });
        let frames = outputs.clone().map(|(_, rendition)| rendition.share(master.frames).0).sum();
        let note = |_| {
            done.set(done.get() + 1);
            self.progress.set(AttemptStage::Verifying, done.get(), frames);
        };
        let one = |(output, rendition)| async move {
            let verified = verify(self.ffmpeg, self.ffprobe, output, rendition, reference, note).await?;
            deliver(&verified).await?;
            Ok(verified)
        };
        let at_once = std::thread::available_parallelism().map_or(1, usize::from);
        futures_util::stream::iter(outputs).map(one).buffered(at_once).try_collect().await
    }

    /// The programs' versions, by their names.
    pub async fn tools(&self) -> TaskResult<BTreeMap<String, String>> {
        // Queried once per process.
        static FFMPEG_VERSION: OnceCell<String> = OnceCell::const_new();
        let ask = async || {
            let banner = self.ffmpeg.capture(&args(["-hide_banner", "-version"])).await;
            let banner = banner.map_err(|error| error.into_task_error("asking for ffmpeg's version", JobErrorCode::Internal))?;
            // `ffmpeg version 5.1.9-0+deb12u1 Copyright (c) …`
            let version = String::from_utf8_lossy(&banner).split_whitespace().nth(2).unwrap_or_default().to_owned();
            TaskResult::Ok(version)
        };
        let (own, version) = (env!("CARGO_PKG_VERSION").to_owned(), FFMPEG_VERSION.get_or_try_init(ask).await?.clone());
        Ok(BTreeMap::from([("bgless-transcoder".to_owned(), own), ("ffmpeg".to_owned(), version)]))
    }
}

/// The duration of a stage that ends now.
pub fn timing(stage: &str, begun: Instant) -> StageTiming {
    let duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    StageTiming { stage: stage.to_owned(), duration_ms }
}

/// The path of the source in a task's folder.
pub fn source_path(dir: &Path) -> PathBuf {
    dir.join("source")
}
