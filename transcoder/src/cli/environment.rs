//! Environment of the commands on local files: programs, models, temporary folder, errors.

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
use crate::portrait::PortraitEngine;
use crate::progress::ProgressSink;
use crate::settings::Settings;

/// The programs, the models and a temporary folder, which is removed on drop.
#[derive(Debug)]
pub struct LocalEnvironment {
    programs: Programs,
    models: Arc<Catalog>,
    // Dropped in this order.
    task_dir: TaskDir,
    _scratch: Scratch,
}

/// Failures of a command on a local file.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Outputs and targets do not match.
    #[error("the outputs do not fit the targets: give one -o per --output, or one -o that is an existing folder")]
    Targets,
    /// Two outputs would be one file.
    #[error("an --output or an -o is repeated: give each of them once")]
    Repeated,
    /// The footage cannot be transcoded.
    #[error("error[{}]: {message}{}", code.as_str(), detail_line(message, detail))]
    Job {
        /// For programs.
        code: JobErrorCode,
        /// For people.
        message: String,
        /// The original message of the part that failed; may name paths.
        detail: String,
    },
    /// The machine failed.
    #[error("error[internal]: {0}")]
    Machine(String),
}

impl LocalEnvironment {
    /// Makes the folder, and reads the manifests of the models.
    pub fn create(settings: &Settings) -> Result<Self, RunError> {
        let failed = |error| machine("the scratch folder", &error);
        let scratch = Scratch::create(&settings.scratch_dir).map_err(failed)?;
        let task_dir = scratch.create_task_dir().map_err(failed)?;
        Ok(Self { programs: settings.programs(), models: Arc::new(settings.catalog()), task_dir, _scratch: scratch })
    }

    /// An engine that works in the folder.
    pub fn engine<'a>(&'a self, progress: &'a ProgressSink) -> Engine<'a> {
        Engine::new(&self.programs, &self.models, self.task_dir.path(), progress)
    }

    /// A portrait engine that works in the folder.
    pub fn portrait_engine<'a>(&'a self, progress: &'a ProgressSink) -> PortraitEngine<'a> {
        PortraitEngine::new(&self.programs, self.task_dir.path(), progress)
    }
}

/// Writes a report as JSON.
pub fn write_report(report: &QaReport, path: &Path) -> Result<(), RunError> {
    let json = serde_json::to_vec_pretty(report).map_err(|error| RunError::Machine(error.to_string()))?;
    std::fs::write(path, json).map_err(|error| machine(&path.display().to_string(), &error))
}

/// Absolute path of a local source.
pub fn absolute(file: &Path) -> Result<PathBuf, RunError> {
    let source = std::path::absolute(file).map_err(|error| machine("the source", &error))?;
    if source.is_file() {
        return Ok(source);
    }
    let message = format!("{} is not a file.", file.display());
    Err(RunError::Job { code: JobErrorCode::SourceUnreachable, detail: message.clone(), message })
}

/// Makes the paths in a request absolute.
pub fn located(request: MatteRequest) -> Result<MatteRequest, RunError> {
    let background = request.background.as_deref().map(absolute).transpose()?;
    Ok(MatteRequest { background, ..request })
}

/// A failed file operation; `what` names the file or folder.
pub fn machine(what: &str, error: &io::Error) -> RunError {
    RunError::Machine(format!("{what}: {error}"))
}

fn detail_line(message: &str, detail: &str) -> String {
    if message == detail { String::new() } else { format!("\n{detail}") }
}

impl From<TaskError> for RunError {
    fn from(error: TaskError) -> Self {
        match error {
            TaskError::Permanent { code, message, detail } => Self::Job { code, message, detail },
            TaskError::Machine { detail, .. } | TaskError::Transient(detail) => Self::Machine(detail),
            TaskError::Stopped(reason) => Self::Machine(format!("stopped: {reason:?}")),
        }
    }
}
