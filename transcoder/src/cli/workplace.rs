//! What the commands on local files have in common: the programs, a temporary folder, and how they fail.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use shared::code::JobErrorCode;
use shared::qa::QaReport;

use crate::engine::{Engine, Programs};
use crate::error::TaskError;
use crate::ffmpeg::scratch::{Scratch, TaskDir};
use crate::matte::models::Catalog;
use crate::matte::strategy::MatteRequest;
use crate::portrait::Studio;
use crate::progress::ProgressSink;

/// What a command on a local file works with.
#[derive(Debug)]
pub struct Workplace {
    /// ffmpeg and ffprobe.
    pub programs: Programs,
    /// Where temporary folders go.
    pub scratch_dir: PathBuf,
    /// The operator's matting models.
    pub models: Arc<Catalog>,
}

/// A workplace with a folder of its own, gone when dropped.
#[derive(Debug)]
pub struct OpenWorkplace<'a> {
    programs: &'a Programs,
    models: &'a Arc<Catalog>,
    // Dropped in this order.
    task_dir: TaskDir,
    _scratch: Scratch,
}

/// How a command on a local file can fail.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Outputs and targets do not match.
    #[error("give one -o per --output, or one folder for all")]
    Targets,
    /// Two outputs would be one file.
    #[error("give every --output, and every -o, once")]
    Repeated,
    /// The footage cannot be worked on.
    #[error("error[{}]: {message}{}", code.as_str(), told_apart(message, detail))]
    Job {
        /// For programs.
        code: JobErrorCode,
        /// For people.
        message: String,
        /// What the failing part said itself; the footage and the machine are the reader's own.
        detail: String,
    },
    /// The machine failed.
    #[error("error[internal]: {0}")]
    Machine(String),
}

impl Workplace {
    /// Makes its folder.
    pub fn open(&self) -> Result<OpenWorkplace<'_>, RunError> {
        let failed = |error| machine("the scratch folder", &error);
        let scratch = Scratch::create(&self.scratch_dir).map_err(failed)?;
        let task_dir = scratch.create_task_dir().map_err(failed)?;
        Ok(OpenWorkplace { programs: &self.programs, models: &self.models, task_dir, _scratch: scratch })
    }
}

impl OpenWorkplace<'_> {
    /// The engine that works there.
    pub fn engine<'a>(&'a self, progress: &'a ProgressSink) -> Engine<'a> {
        Engine::new(self.programs, self.models, self.task_dir.path(), progress)
    }

    /// The studio that works there.
    pub fn studio<'a>(&'a self, progress: &'a ProgressSink) -> Studio<'a> {
        Studio::new(self.programs, self.task_dir.path(), progress)
    }
}

/// Writes a report as JSON.
pub fn write_report(report: &QaReport, path: &Path) -> Result<(), RunError> {
    let json = serde_json::to_vec_pretty(report).map_err(|error| RunError::Machine(error.to_string()))?;
    std::fs::write(path, json).map_err(|error| machine(&path.display().to_string(), &error))
}

/// Where a local source is.
pub fn absolute(file: &Path) -> Result<PathBuf, RunError> {
    let source = std::path::absolute(file).map_err(|error| machine("the source", &error))?;
    if source.is_file() {
        return Ok(source);
    }
    let message = format!("{} is not a file.", file.display());
    Err(RunError::Job { code: JobErrorCode::SourceUnreachable, detail: message.clone(), message })
}

/// A request whose files can be found from any folder.
pub fn located(request: &MatteRequest) -> Result<MatteRequest, RunError> {
    let background = request.background.as_deref().map(absolute).transpose()?;
    Ok(MatteRequest { background, ..request.clone() })
}

/// The machine's failure at something.
pub fn machine(what: &str, error: &io::Error) -> RunError {
    RunError::Machine(format!("{what}: {error}"))
}

fn told_apart(message: &str, detail: &str) -> String {
    if message == detail { String::new() } else { format!("\n{detail}") }
}

impl From<TaskError> for RunError {
    fn from(error: TaskError) -> Self {
        match error {
            TaskError::Permanent { code, message, detail } => Self::Job { code, message, detail },
            TaskError::Transient(detail) => Self::Machine(detail),
            TaskError::Stopped(reason) => Self::Machine(format!("stopped: {reason:?}")),
        }
    }
}
