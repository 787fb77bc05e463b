//! `cargo x demo`: one video through the whole stack, from the presigned upload to the saved
//! outputs.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use indicatif::{DecimalBytes, ProgressBar, ProgressStyle};

use super::dev;
use crate::alpha::AlphaShares;
use crate::client::{Api, Job};
use crate::clip::Clip;
use crate::interrupt;
use crate::stack::{self, Cron, Models, Stack, StackOptions, demo_account};
use crate::step::Step;
use crate::terminal::{is_interactive, print_line};
use crate::workspace::Workspace;

const OUTPUTS: &str = "webm-vp9-alpha,mov-prores4444,matte-grayscale-mp4";
const POLL_INTERVAL: Duration = Duration::from_millis(250);

struct Options {
    input: Option<PathBuf>,
    outputs: Vec<String>,
    model: String,
    save_dir: PathBuf,
}

/// Runs the task.
pub fn run(args: lexopt::Parser) -> Result<()> {
    let workspace = Workspace::find()?;
    let options = parse(args, &workspace)?;
    fs::create_dir_all(&options.save_dir)?;
    let started = Instant::now();
    if let Some(api) = find_running(&workspace) {
        print_line("using the stack of `cargo x dev`");
        run_job(&options, &api, &mut || Ok(()))?;
    } else {
        let mut stack = Stack::start(StackOptions {
            state: workspace.output_dir().join("demo-stack"),
            transcoders: 1,
            cron: Cron::EveryMinute,
            models: Models::Installed,
            ..StackOptions::default()
        })?;
        let api = stack.api(&demo_account::ensure(&stack)?);
        let done = run_job(&options, &api, &mut || stack.check_alive());
        stack.stop()?;
        done?;
    }
    print_line(&format!("\ndone in {:.1} s", started.elapsed().as_secs_f64()));
    Ok(())
}

fn parse(mut args: lexopt::Parser, workspace: &Workspace) -> Result<Options> {
    let mut options = Options {
        input: None,
        outputs: OUTPUTS.split(',').map(str::to_owned).collect(),
        model: "auto".to_owned(),
        save_dir: workspace.output_dir().join("demo"),
    };
    while let Some(arg) = args.next()? {
        match arg {
            lexopt::Arg::Long("input") => {
                let path = PathBuf::from(args.value()?);
                ensure!(path.is_file(), "there is no file {}", path.display());
                options.input = Some(path);
            }
            lexopt::Arg::Long("outputs") => {
                options.outputs = args.value()?.to_string_lossy().split(',').map(|output| output.trim().to_owned()).collect();
            }
            lexopt::Arg::Long("model") => options.model = args.value()?.to_string_lossy().into_owned(),
            lexopt::Arg::Long("save") => options.save_dir = Workspace::absolute(PathBuf::from(args.value()?))?,
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(options)
}

/// The stack of `cargo x dev`, if it is up.
fn find_running(workspace: &Workspace) -> Option<Api> {
    let text = fs::read_to_string(dev::env_file(&dev::default_state(workspace))).ok()?;
    let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    let (base_url, api_key) = (value("BASE_URL")?, value("API_KEY")?);
    stack::is_healthy(base_url).then(|| Api::new(base_url, api_key))
}

/// `check_alive` fails when the stack can no longer finish the job.
fn run_job(options: &Options, api: &Api, check_alive: &mut dyn FnMut() -> Result<()>) -> Result<()> {
    let input = match &options.input {
        Some(input) => input.clone(),
        None => make_clip(&options.save_dir)?,
    };
    let step = Step::begin(&format!("upload of {}, {}", input.display(), DecimalBytes(input.metadata()?.len())));
    let video_url = api.upload_file(&input, content_type(&input))?;
    step.finish();
    let created = api.create_job(&options.model, &video_url, &options.outputs)?;
    print_line(&format!("✓ job {}", created.id));
    let started = Instant::now();
    let job = follow(api, created, check_alive)?;
    if let Some(error) = &job.error {
        bail!("the job {}: {}: {}", job.status, error.code, error.message);
    }
    ensure!(job.status == "success", "the job {}", job.status);
    print_line(&format!("✓ job done ({:.1} s)", started.elapsed().as_secs_f64()));
    ensure!(job.output_assets.len() == options.outputs.len(), "the job made {} outputs", job.output_assets.len());
    job.output_assets.iter().try_for_each(|asset| save(api, &job.id, &asset.format, asset.size_bytes, &options.save_dir))
}

fn make_clip(save_dir: &Path) -> Result<PathBuf> {
    let path = save_dir.join("green-screen.mp4");
    let step = Step::begin("green-screen clip");
    Clip::DEMO.write(&path)?;
    step.finish();
    Ok(path)
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

fn save(api: &Api, job_id: &str, format: &str, size_bytes: u64, save_dir: &Path) -> Result<()> {
    let extension = match format {
        "webm-vp9-alpha" => "webm",
        "mov-prores4444" => "mov",
        _ => "mp4",
    };
    let path = save_dir.join(format!("{format}.{extension}"));
    let step = Step::begin(&format!("download of {format}"));
    let saved_bytes = api.download(job_id, format, &path)?;
    step.finish();
    ensure!(saved_bytes == size_bytes, "{format} has {saved_bytes} bytes instead of {size_bytes}");
    let shares = AlphaShares::measure(&path, format)?;
    print_line(&format!(
        "  {}  {}  {:.1} % transparent, {:.1} % opaque",
        path.display(),
        DecimalBytes(saved_bytes),
        shares.transparent * 100.0,
        shares.opaque * 100.0
    ));
    ensure!(shares.is_cut_out(), "{format} does not have both transparent and opaque pixels");
    Ok(())
}
