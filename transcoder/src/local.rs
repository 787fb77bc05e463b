//! `run FILE`: the pipeline on a local file, with a progress bar and no server.

use std::collections::HashSet;
use std::fs::Permissions;
use std::hash::Hash;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use shared::code::JobErrorCode;
use shared::media::Output;
use shared::report::StrategyRequest;
use tokio::sync::watch;

use crate::engine::{Engine, Programs};
use crate::error::TaskError;
use crate::progress::{Progress, ProgressSink};
use crate::scratch::Scratch;
use crate::verify::Verified;

/// What `run` is asked for.
#[derive(Debug)]
pub struct RunRequest {
    /// The source.
    pub file: PathBuf,
    /// What to make; not empty.
    pub outputs: Vec<Output>,
    /// One file per output, or one folder for all.
    pub targets: Vec<PathBuf>,
    /// How the matte is to be made.
    pub strategy: StrategyRequest,
    /// ffmpeg and ffprobe.
    pub programs: Programs,
    /// Where temporary folders go.
    pub scratch_dir: PathBuf,
}

/// How `run` can end without outputs.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Outputs and targets do not match.
    #[error("give one -o per --output, or one folder for all")]
    Targets,
    /// Two outputs would be one file.
    #[error("give every --output, and every -o, once")]
    Repeated,
    /// The footage cannot be worked on.
    #[error("error[{}]: {message}", code.as_str())]
    Job {
        /// For programs.
        code: JobErrorCode,
        /// For people.
        message: String,
    },
    /// The machine failed.
    #[error("error[internal]: {0}")]
    Machine(String),
}

/// Runs the pipeline; one line per output on success.
pub async fn run_local(request: &RunRequest) -> Result<Vec<String>, RunError> {
    let targets = targets(request)?;
    let source = std::path::absolute(&request.file).map_err(|error| machine("the source", &error))?;
    if !source.is_file() {
        return Err(RunError::Machine(format!("{} is not a file", request.file.display())));
    }
    let scratch = Scratch::create(&request.scratch_dir).map_err(|error| machine("the scratch folder", &error))?;
    let task_dir = scratch.create_task_dir().map_err(|error| machine("the scratch folder", &error))?;
    let (sink, progress) = ProgressSink::new();
    let engine = Engine::new(&request.programs, task_dir.path(), &sink);
    let work = async {
        let prepared = engine.prepare(&source, request.strategy).await?;
        engine.make(&prepared, &request.outputs).await
    };
    let bar = bar();
    let verified = tokio::select! {
        verified = work => verified,
        () = show(&bar, progress) => Err(TaskError::Transient("progress ended before the work".into())),
    };
    bar.finish_and_clear();
    let verified = verified.map_err(RunError::from)?;
    verified.iter().zip(&targets).map(|(verified, target)| deliver(verified, target)).collect()
}

fn targets(request: &RunRequest) -> Result<Vec<PathBuf>, RunError> {
    if repeats(&request.outputs) || repeats(&request.targets) {
        return Err(RunError::Repeated);
    }
    match request.targets.as_slice() {
        [folder] if folder.is_dir() => Ok(request.outputs.iter().map(|output| folder.join(output.file_name())).collect()),
        files if files.len() == request.outputs.len() => Ok(files.to_vec()),
        _ => Err(RunError::Targets),
    }
}

fn repeats<T: Eq + Hash>(items: &[T]) -> bool {
    items.iter().collect::<HashSet<_>>().len() < items.len()
}

/// Copies beside the target first, so that a target is whole or absent.
fn deliver(verified: &Verified, target: &Path) -> Result<String, RunError> {
    let failed = |error: &io::Error| machine(&target.display().to_string(), error);
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // As any other program makes files: open to whom the umask says.
    let mut builder = tempfile::Builder::new();
    let copy = builder.permissions(Permissions::from_mode(0o666)).tempfile_in(folder);
    let mut copy = copy.map_err(|error| failed(&error))?;
    let mut made = std::fs::File::open(&verified.path).map_err(|error| failed(&error))?;
    io::copy(&mut made, copy.as_file_mut()).map_err(|error| failed(&error))?;
    copy.persist(target).map_err(|error| failed(&error.error))?;
    let Verified { output, size_bytes, size, frame_count, duration_ms, .. } = verified;
    Ok(format!("{}: {output}, {size}, {frame_count} frames, {duration_ms} ms, {size_bytes} bytes", target.display()))
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:>10} {bar:40} {pos:>3} % {elapsed}");
    ProgressBar::new(100).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

async fn show(bar: &ProgressBar, mut progress: watch::Receiver<Progress>) {
    loop {
        let Progress { stage, percent } = *progress.borrow_and_update();
        bar.set_message(stage.as_str());
        bar.set_position(u64::from(percent));
        if progress.changed().await.is_err() {
            return;
        }
    }
}

fn machine(what: &str, error: &io::Error) -> RunError {
    RunError::Machine(format!("{what}: {error}"))
}

impl From<TaskError> for RunError {
    fn from(error: TaskError) -> Self {
        match error {
            TaskError::Permanent { code, message, detail } => {
                tracing::info!(detail, "failed");
                Self::Job { code, message }
            }
            TaskError::Transient(detail) => Self::Machine(detail),
            TaskError::Stopped(reason) => Self::Machine(format!("stopped: {reason:?}")),
        }
    }
}
