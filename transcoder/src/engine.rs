//! A local file → verified outputs in a local folder. Both commands run this; it knows no network.
//!
//! probe → matte → (decode → key → compose → encode, all at once) → verify

use std::path::{Path, PathBuf};

use shared::media::Output;
use shared::report::{Stage, StrategyRequest};

use crate::compose::Composer;
use crate::encode;
use crate::error::TaskResult;
use crate::plan::Plan;
use crate::probe::{self, Probed, SourceContainer};
use crate::process::Tool;
use crate::progress::ProgressSink;
use crate::sound;
use crate::strategy::{self, Matte};
use crate::verify::{Truth, Verified, verify};

/// The programs, and the folder that one task has to itself.
#[derive(Debug, Clone, Copy)]
pub struct Engine<'a> {
    ffmpeg: Tool<'a>,
    ffprobe: Tool<'a>,
    progress: &'a ProgressSink,
}

/// A source that was read and a decision that was made.
#[derive(Debug)]
pub struct Prepared {
    /// The source.
    pub probed: Probed,
    /// The decision.
    pub matte: Matte,
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
    pub fn new(programs: &'a Programs, dir: &'a Path, progress: &'a ProgressSink) -> Self {
        let tool = |program| Tool { program, dir };
        Self { ffmpeg: tool(&programs.ffmpeg), ffprobe: tool(&programs.ffprobe), progress }
    }

    /// Reads the source and decides how its matte will be made.
    pub async fn prepare(&self, source: &Path, request: StrategyRequest) -> TaskResult<Prepared> {
        self.progress.set(Stage::Probing, 0, 1);
        let mut probed = probe::probe(self.ffprobe, source).await?;
        sound::choose(self.ffmpeg, &mut probed).await?;
        let matte = strategy::choose(self.ffmpeg, &probed, request).await?;
        self.progress.set(Stage::Probing, 1, 1);
        Ok(Prepared { probed, matte })
    }

    /// Makes every output and decodes each again, in the order asked for.
    pub async fn make(&self, prepared: &Prepared, outputs: &[Output]) -> TaskResult<Vec<Verified>> {
        let Prepared { probed, matte } = prepared;
        let plan = Plan::new(probed, matte.raw_format(), outputs);
        tracing::debug!(%plan, "planned");
        let length = plan.picture.length;
        let composer = Composer::new(plan.picture, matte.alpha());
        let master =
            encode::run(self.ffmpeg, &plan, composer, |frames| self.progress.set(Stage::Encoding, frames, length.frames)).await?;
        let (frames, count) = (master.thumbs.len() as u64, outputs.len() as u64);
        let holds_last_frame = matches!(probed.input.container, SourceContainer::Gif | SourceContainer::Apng);
        if length.lacks(frames) && !holds_last_frame {
            return Err(length.too_few(frames));
        }
        let mut verified = Vec::new();
        for (index, output) in (0_u64..).zip(outputs) {
            let truth = Truth { master: &master, picture: plan.picture, has_audio: probed.facts.has_audio };
            let note = |done| self.progress.set(Stage::Verifying, index * frames + done, count * frames);
            verified.push(verify(self.ffmpeg, self.ffprobe, *output, truth, note).await?);
        }
        Ok(verified)
    }
}

/// Where a task keeps the copy of its source.
pub fn source_path(dir: &Path) -> PathBuf {
    dir.join("source")
}
