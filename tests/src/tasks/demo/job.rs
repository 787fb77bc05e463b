//! One clip through the service: upload, job, download.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail, ensure};
use indicatif::{DecimalBytes, ProgressBar, ProgressStyle};
use shared::output::Output;

use super::clips::DemoClip;
use crate::alpha::{self, AlphaShares};
use crate::client::{Api, Job, OutputAsset};
use crate::interrupt;
use crate::step::Step;
use crate::terminal::{is_interactive, print_line};

const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// What a job made of a clip.
pub struct Outcome {
    /// The job in its final state.
    pub job: Job,
    /// From its creation to its end.
    pub seconds: f64,
    /// The files, in the order requested.
    pub files: Vec<SavedOutput>,
    /// Mean absolute error of the alpha, where the truth is known. 0 to 1.
    pub error: Option<f64>,
}

/// A downloaded output.
pub struct SavedOutput {
    /// Its kind.
    pub output: Output,
    /// The file.
    pub path: PathBuf,
    /// Its size.
    pub size_bytes: u64,
    /// Measured on its frames, where ffmpeg reads its alpha.
    pub shares: Option<AlphaShares>,
}

/// Runs a job. `check_alive` fails when the stack can no longer finish it.
pub fn run(
    api: &Api,
    clip: &DemoClip,
    model: &str,
    outputs: &[String],
    check_alive: &mut dyn FnMut() -> Result<()>,
) -> Result<Outcome> {
    print_line(&format!("\n{}", clip.title));
    let step = Step::begin(&format!("upload, {}", DecimalBytes(clip.source.metadata()?.len())));
    let video_url = api.upload_file(&clip.source, content_type(&clip.source))?;
    step.finish();
    let created = api.create_job(model, &video_url, outputs)?;
    let (id, started) = (created.id.clone(), Instant::now());
    let job = follow(api, created, check_alive)?;
    if let Some(error) = &job.error {
        bail!("the job {}: {}: {}", job.status, error.code, error.message);
    }
    ensure!(job.status == "success", "the job {}", job.status);
    let seconds = started.elapsed().as_secs_f64();
    print_line(&format!("✓ job {id} ({seconds:.1} s)"));
    ensure!(job.output_assets.len() == outputs.len(), "the job made {} outputs", job.output_assets.len());
    let files = job.output_assets.iter().map(|asset| save(api, &job.id, asset, &clip.folder)).collect::<Result<Vec<_>>>()?;
    let exact = files.iter().find(|file| matches!(file.output, Output::WebmVp9Alpha | Output::MovProres4444));
    let error = match (&clip.truth, exact) {
        (Some(truth), Some(file)) => Some(alpha::mean_error(&file.path, file.output.as_str(), truth)?),
        _ => None,
    };
    Ok(Outcome { job, seconds, files, error })
}

fn content_type(path: &Path) -> &'static str {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    match extension.as_str() {
        "mov" => "video/quicktime",
        "webm" => "video/webm",
        "mkv" => "video/x-matroska",
        "avi" => "video/x-msvideo",
        "gif" => "image/gif",
        _ => "video/mp4",
    }
}

/// Polls until the state of the job is final, and shows its progress.
fn follow(api: &Api, mut job: Job, check_alive: &mut dyn FnMut() -> Result<()>) -> Result<Job> {
    let bar = if is_interactive() { ProgressBar::new(100) } else { ProgressBar::hidden() };
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos:>3} % {msg} ({elapsed})")?);
    let mut last_said = String::new();
    while !job.is_over() {
        let stage = job.stage.as_deref().unwrap_or(&job.status).to_owned();
        bar.set_message(stage.clone());
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
        bar.set_position(job.progress as u64);
        if !is_interactive() && stage != last_said {
            print_line(&format!("  {:3.0} % {stage}", job.progress));
            last_said = stage;
        }
        interrupt::check()?;
        check_alive()?;
        thread::sleep(POLL_INTERVAL);
        job = api.get_job(&job.id)?;
    }
    bar.finish_and_clear();
    Ok(job)
}

fn save(api: &Api, job_id: &str, asset: &OutputAsset, folder: &Path) -> Result<SavedOutput> {
    let OutputAsset { format, size_bytes, .. } = asset;
    let output: Output = format.parse().map_err(|_| anyhow!("an unknown output, {format}"))?;
    let path = folder.join(output.file_name());
    let saved_bytes = api.download(job_id, format, &path)?;
    ensure!(saved_bytes == *size_bytes, "{format} has {saved_bytes} bytes instead of {size_bytes}");
    let shares = if is_readable(output) { Some(AlphaShares::measure(&path, format)?) } else { None };
    let measured = shares.map_or_else(String::new, |AlphaShares { transparent, opaque }| {
        format!("  {:.1} % transparent, {:.1} % opaque", transparent * 100.0, opaque * 100.0)
    });
    print_line(&format!("  {format}  {}{measured}", DecimalBytes(saved_bytes)));
    ensure!(shares.is_none_or(|shares| shares.is_cut_out()), "{format} does not have both transparent and opaque pixels");
    Ok(SavedOutput { output, path, size_bytes: saved_bytes, shares })
}

/// Whether ffmpeg reads the alpha of every frame. It reads no animated WebP and no ZIP.
fn is_readable(output: Output) -> bool {
    matches!(output, Output::WebmVp9Alpha | Output::MovProres4444 | Output::Gif | Output::Apng | Output::MatteGrayscaleMp4)
}
