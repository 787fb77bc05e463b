//! A local file → verified outputs in a local folder. Both commands run this; it knows no network.
//!
//! probe → matte → (decode → key → compose → encode, all at once) → verify, several at once → QA report

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use futures_util::{StreamExt, TryStreamExt, stream};
use shared::code::JobErrorCode;
use shared::media::PreviewKind;
use shared::qa::{QaReport, StageTiming};
use shared::report::AttemptStage;
use shared::strategy::StrategyChoice;
use tokio::sync::OnceCell;

use crate::error::{TaskError, TaskResult};
use crate::ffmpeg::probe::{self, Probed, SourceContainer};
use crate::ffmpeg::process::{Tool, args};
use crate::ffmpeg::sound;
use crate::ffmpeg::still::{self, Fit};
use crate::frame::compositor::{Compositor, Ground};
use crate::matte::keying_step::KeyingStep;
use crate::matte::matting_step::MattingStep;
use crate::matte::models::Catalog;
use crate::matte::strategy::{self, ChosenMatte, Matte, MatteRequest};
use crate::output::encode::{self, Line, Master, Unseen};
use crate::output::preview::{self, PreviewFile};
use crate::output::product::{Item, Order};
use crate::output::qa::{self, Findings};
use crate::output::space;
use crate::output::verify::{Truth, Verified, verify};
use crate::plan::Plan;
use crate::progress::ProgressSink;

/// The programs, and the folder that one task has to itself.
#[derive(Debug, Clone, Copy)]
pub struct Engine<'a> {
    ffmpeg: Tool<'a>,
    ffprobe: Tool<'a>,
    models: &'a Arc<Catalog>,
    progress: &'a ProgressSink,
}

/// A source that was read and a decision that was made.
#[derive(Debug)]
pub struct Prepared {
    /// The source.
    pub probed: Probed,
    /// The decision.
    pub matte: Matte,
    /// Why so; none where nobody had to choose.
    pub choice: Option<StrategyChoice>,
    /// How long that took.
    pub timing: StageTiming,
}

/// Everything that was made.
#[derive(Debug)]
pub struct Made {
    /// In the order asked for.
    pub outputs: Vec<Verified>,
    /// Previews, and the report as a file; empty when none were asked for.
    pub previews: Vec<PreviewFile>,
    /// How good it is.
    pub report: QaReport,
}

/// The names of the two programs.
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

    /// Reads the source and decides how its matte will be made.
    pub async fn prepare(&self, source: &Path, request: &MatteRequest) -> TaskResult<Prepared> {
        let begun = Instant::now();
        self.progress.set(AttemptStage::Probing, 0, 1);
        let mut probed = probe::probe(self.ffprobe, source).await?;
        sound::choose(self.ffmpeg, &mut probed).await?;
        let ChosenMatte { matte, choice } = strategy::choose(self.ffmpeg, self.models, &probed, request).await?;
        self.progress.set(AttemptStage::Probing, 1, 1);
        Ok(Prepared { probed, matte, choice: Some(choice), timing: timing(AttemptStage::Probing.as_str(), begun) })
    }

    /// Reads a source about which everything is decided.
    pub async fn read(&self, source: &Path, matte: Matte) -> TaskResult<Prepared> {
        let begun = Instant::now();
        let probed = probe::probe(self.ffprobe, source).await?;
        Ok(Prepared { probed, matte, choice: None, timing: timing(AttemptStage::Probing.as_str(), begun) })
    }

    /// The decoder's program.
    pub const fn ffmpeg(&self) -> Tool<'a> {
        self.ffmpeg
    }

    /// What would be made of it.
    pub fn plan(prepared: &Prepared, order: &Order) -> Plan {
        Plan::new(&prepared.probed, prepared.matte.raw_format(&prepared.probed), order)
    }

    /// Makes every output and decodes each again. `deliver` gets each as soon as it stands, while others are still looked at.
    pub async fn make(
        &self,
        prepared: &Prepared,
        order: &Order,
        deliver: impl AsyncFn(&Verified) -> TaskResult<()>,
    ) -> TaskResult<Made> {
        let plan = Self::plan(prepared, order);
        tracing::debug!(%plan, "planned");
        space::check(self.ffmpeg.dir, &plan.products)?;
        let begun = Instant::now();
        let master = self.encode(prepared, &plan, order.backdrop.as_deref()).await?;
        let encoded = timing(AttemptStage::Encoding.as_str(), begun);
        let begun = Instant::now();
        let outputs = self.verify(prepared, &plan, &master, deliver).await?;
        let stages = vec![prepared.timing.clone(), encoded, timing(AttemptStage::Verifying.as_str(), begun)];
        let findings = Findings { prepared, plan: &plan, figures: master.matte, verified: &outputs };
        let report = qa::report(findings, self.tools().await?, stages);
        let mut previews = preview::collect(self.ffmpeg.dir, &plan.products, &master)?;
        if order.previews {
            previews.push(self.write_report(&report)?);
        }
        Ok(Made { outputs, previews, report })
    }

    async fn encode(&self, prepared: &Prepared, plan: &Plan, backdrop: Option<&Path>) -> TaskResult<Master> {
        let length = plan.picture.length;
        let wide = prepared.probed.input.wide_gamut;
        let matting = prepared.matte.backend().map(|backend| MattingStep::new(backend, plan.picture.shown, wide)).transpose()?;
        // What was matted is in BT.709 already.
        let keying_wide = wide.filter(|_| matting.is_none());
        let keying = KeyingStep::new(plan.picture, prepared.matte.keyer(plan.raw_format, wide), keying_wide);
        let note = |frames| self.progress.set(AttemptStage::Encoding, frames, length.frames);
        let unseen = if prepared.matte.keeps_transparent_colors() { Unseen::Kept } else { Unseen::Flattened };
        let meter = qa::meter(&prepared.probed, &prepared.matte, plan);
        let ground = match (backdrop, plan.composition.background) {
            (Some(path), _) => Ground::Picture(
                still::read(self.ffmpeg, path, plan.staged(), Fit::Filling, JobErrorCode::BackdropUnusable).await?,
            ),
            (None, Some(color)) => Ground::Color(color.0),
            (None, None) => Ground::Clear,
        };
        let stage = Compositor::new(&plan.composition, plan.picture.shown, plan.picture.pixel_aspect, ground);
        let line = Line::new(plan, keying, stage, unseen, meter);
        let master = encode::run(self.ffmpeg, plan, matting, line, note).await?;
        let holds_last_frame = matches!(prepared.probed.input.container, SourceContainer::Gif | SourceContainer::Apng);
        if length.lacks(master.frames) && !holds_last_frame {
            return Err(length.too_few(master.frames));
        }
        Ok(master)
    }

    async fn verify(
        &self,
        prepared: &Prepared,
        plan: &Plan,
        master: &Master,
        deliver: impl AsyncFn(&Verified) -> TaskResult<()>,
    ) -> TaskResult<Vec<Verified>> {
        let truth = Truth { master, picture: plan.picture, has_audio: prepared.probed.facts.has_audio };
        let (deliver, done) = (&deliver, &std::cell::Cell::new(0));
        let outputs = plan.products.iter().filter_map(|product| match product.item {
            Item::Output(output) => Some((output, product)),
            Item::Preview(_) => None,
        });
        let frames = outputs.clone().map(|(_, product)| product.share(master.frames).0).sum();
        let note = |_| {
            done.set(done.get() + 1);
            self.progress.set(AttemptStage::Verifying, done.get(), frames);
        };
        let one = |(output, product)| async move {
            let verified = verify(self.ffmpeg, self.ffprobe, output, product, truth, note).await?;
            deliver(&verified).await?;
            Ok(verified)
        };
        let at_once = std::thread::available_parallelism().map_or(1, usize::from);
        stream::iter(outputs).map(one).buffered(at_once).try_collect().await
    }

    /// The programs' versions, by their names.
    pub async fn tools(&self) -> TaskResult<BTreeMap<String, String>> {
        // Asked once: it stays as it is for as long as this process runs.
        static FFMPEG_VERSION: OnceCell<String> = OnceCell::const_new();
        let ask = async || {
            let banner = self.ffmpeg.capture(&args(["-hide_banner", "-version"])).await;
            let banner = banner.map_err(|error| TaskError::Transient(format!("asking for ffmpeg's version: {error}")))?;
            // `ffmpeg version 5.1.9-0+deb12u1 Copyright (c) …`
            let version = String::from_utf8_lossy(&banner).split_whitespace().nth(2).unwrap_or_default().to_owned();
            TaskResult::Ok(version)
        };
        let (own, version) = (env!("CARGO_PKG_VERSION").to_owned(), FFMPEG_VERSION.get_or_try_init(ask).await?.clone());
        Ok(BTreeMap::from([("bgless-transcoder".to_owned(), own), ("ffmpeg".to_owned(), version)]))
    }

    fn write_report(&self, report: &QaReport) -> TaskResult<PreviewFile> {
        let dir = self.ffmpeg.dir;
        let json = serde_json::to_vec_pretty(report).map_err(|error| TaskError::Transient(error.to_string()))?;
        std::fs::write(dir.join(PreviewKind::Qa.file_name()), json)
            .map_err(|error| TaskError::disk("writing the report", &error))?;
        preview::measured(dir, PreviewKind::Qa, None)
    }
}

/// How long a stage took that ends now.
pub fn timing(stage: &str, begun: Instant) -> StageTiming {
    let duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    StageTiming { stage: stage.to_owned(), duration_ms }
}

/// Where a task keeps the copy of its source.
pub fn source_path(dir: &Path) -> PathBuf {
    dir.join("source")
}
