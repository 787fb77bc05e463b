//! `run FILE`: the pipeline on a local file, with a progress bar and no server.

pub mod portrait;

use std::collections::HashSet;
use std::fs::Permissions;
use std::hash::Hash;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use shared::composition::Composition;
use shared::report::AttemptStage;
use tokio::sync::watch;
use tokio::time::{Duration, Instant, MissedTickBehavior, interval};

use crate::cli::arguments::RunArguments;
use crate::cli::environment::{LocalEnvironment, RunError, absolute, located, machine, write_report};
use crate::engine::RunResult;
use crate::error::TaskError;
use crate::output::qa;
use crate::output::rendition::OutputRequest;
use crate::output::verify::Verified;
use crate::progress::{Progress, ProgressSink};

/// Period at which the progress bar is redrawn.
/// Units: milliseconds.
const BAR_PERIOD_MS: u64 = 200;

/// Output of `run`: a machine-readable line per output, and a report as text.
#[derive(Debug)]
pub struct RunSummary {
    /// `path: output, size, frames, …`, in the order asked for.
    pub lines: Vec<String>,
    /// Warnings, score, times.
    pub report: String,
}

/// Runs the pipeline.
pub async fn run_local(request: &RunArguments) -> Result<RunSummary, RunError> {
    let targets = targets(request)?;
    let (source, matte) = (absolute(&request.file)?, located(request.matte.clone().into())?);
    let environment = LocalEnvironment::create(&request.settings)?;
    let (sink, progress) = ProgressSink::new();
    let engine = environment.engine(&sink);
    let order = OutputRequest {
        outputs: request.outputs.clone(),
        preset: request.preset,
        resolution: None,
        composition: Composition { background: request.fill, ..Composition::default() },
        backdrop: request.fill_picture.clone(),
        previews: request.previews,
    };
    let work = async {
        let prepared = engine.prepare(&source, &matte).await?;
        // Outputs are copied to their targets when all of them are made.
        engine.make(&prepared, &order, async |_| Ok(())).await
    };
    let bar = bar();
    let made = tokio::select! {
        made = work => made,
        () = show(&bar, progress) => Err(TaskError::Transient("progress ended before the work".into())),
    };
    bar.finish_and_clear();
    let made = made?;
    let lines = made.outputs.iter().zip(&targets).map(|(verified, target)| deliver(verified, target));
    let lines = lines.collect::<Result<_, _>>()?;
    deliver_previews(&made, &targets)?;
    if let Some(path) = &request.report {
        write_report(&made.report, path)?;
    }
    Ok(RunSummary { lines, report: qa::text(&made.report) })
}

fn targets(request: &RunArguments) -> Result<Vec<PathBuf>, RunError> {
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
    place(&verified.path, target)?;
    let Verified { output, figures, size, duration_ms, .. } = verified;
    let ratio = |name: &str, db: Option<f64>| db.map_or_else(String::new, |db| format!(", {name} {db:.1} dB"));
    let (alpha, color) = (ratio("alpha", figures.alpha_psnr_db), ratio("colour", figures.color_psnr_db));
    Ok(format!(
        "{}: {output}, {size}, {} frames, {:.3} fps, {duration_ms} ms, {} bytes{alpha}{color}",
        target.display(),
        figures.frame_count,
        figures.frame_rate,
        figures.size_bytes,
    ))
}

/// Previews go beside the first output.
fn deliver_previews(made: &RunResult, targets: &[PathBuf]) -> Result<(), RunError> {
    let folder = targets.first().and_then(|target| target.parent()).unwrap_or(Path::new("."));
    for file in &made.previews {
        let target = folder.join(file.kind.file_name());
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent).map_err(|error| machine(&parent.display().to_string(), &error))?;
        }
        place(&file.path, &target)?;
    }
    Ok(())
}

fn place(made: &Path, target: &Path) -> Result<(), RunError> {
    let failed = |error: &io::Error| machine(&target.display().to_string(), error);
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Default file permissions, limited by the umask.
    let mut builder = tempfile::Builder::new();
    let copy = builder.permissions(Permissions::from_mode(0o666)).tempfile_in(folder);
    let mut copy = copy.map_err(|error| failed(&error))?;
    let mut made = std::fs::File::open(made).map_err(|error| failed(&error))?;
    io::copy(&mut made, copy.as_file_mut()).map_err(|error| failed(&error))?;
    copy.persist(target).map_err(|error| failed(&error.error))?;
    Ok(())
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix:>10} {bar:40} {pos:>3} % {elapsed} {msg}");
    ProgressBar::new(100).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Updates the progress bar; while encoding, shows frames per second and the remaining time.
async fn show(bar: &ProgressBar, progress: watch::Receiver<Progress>) {
    let mut ticks = interval(Duration::from_millis(BAR_PERIOD_MS));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut begun, mut stage) = (Instant::now(), AttemptStage::Fetching);
    loop {
        ticks.tick().await;
        let now = *progress.borrow();
        if now.stage != stage {
            (begun, stage) = (Instant::now(), now.stage);
        }
        bar.set_prefix(now.stage.as_str());
        bar.set_position(u64::from(now.percent));
        bar.set_message(if stage == AttemptStage::Encoding { pace(now, begun.elapsed()) } else { String::new() });
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of frames are far below 2^52")]
fn pace(progress: Progress, elapsed: Duration) -> String {
    let frames_per_s = progress.done as f64 / elapsed.as_secs_f64().max(0.001);
    if progress.done == 0 {
        return String::new();
    }
    let left_s = progress.total.saturating_sub(progress.done) as f64 / frames_per_s;
    format!("{}/{} frames, {frames_per_s:.1} fps, {left_s:.0} s left", progress.done, progress.total)
}
