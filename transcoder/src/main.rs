//! `bgless-transcoder`: the command line, the log, the signals. Everything else is in the library.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use shared::keying::{KeySettings, ScreenColor};
use shared::media::{Output, Preset};
use shared::report::StrategyRequest;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;
use transcoder::{
    AssessRequest, Config, Confinement, EXIT_NOT_STARTED, Enforced, MatteRequest, ProbeRequest, Programs, RunError, RunRequest,
    announce_confinement, assess, confine, inspect, run_local,
};

const EXIT_FAILED: u8 = 1;
const EXIT_USAGE: u8 = 2;
const EXIT_MACHINE: u8 = 3;
const EXIT_SIGNAL: u8 = 130;
const EXIT_CODES: &str = "Exit codes:
  0    done
  1    the footage cannot be worked on, or an output failed; stderr says `error[code]: sentence`
  2    wrong usage, or no such file
  3    the machine failed: disk, memory, overload; another try may succeed
  130  stopped by a signal";

/// Cuts subjects out of video.
#[derive(Parser)]
#[command(name = "bgless-transcoder", version, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Takes tasks from the queue until told to stop; configured by the environment.
    Serve,
    /// Works on a local file; no server, no account.
    #[command(after_help = EXIT_CODES)]
    Run(RunArguments),
    /// Says what would be made of a local file, and why; makes nothing.
    #[command(after_help = EXIT_CODES)]
    Probe(ProbeArguments),
    /// Says how good a keyed video is beside its source, whoever keyed it.
    #[command(after_help = EXIT_CODES)]
    Qa(QaArguments),
    /// Restricts itself, then becomes a program; without one, tells what this kernel enforces.
    #[command(hide = true)]
    Confine(Confinement),
}

#[derive(Args)]
struct RunArguments {
    /// The source.
    file: PathBuf,
    /// What to make, repeatable: webm-vp9-alpha, mov-prores4444, animated-webp, gif, apng, png-sequence, matte-grayscale-mp4,
    /// stacked-alpha-mp4.
    #[arg(long = "output", required = true, value_parser = parse_output)]
    outputs: Vec<Output>,
    /// Where to put it: one file per --output, or one existing folder.
    #[arg(short = 'o', required = true)]
    targets: Vec<PathBuf>,
    #[command(flatten)]
    matte: MatteArguments,
    /// How well and how large: web-app, editing, social.
    #[arg(long, default_value = "web-app", value_parser = parse_preset)]
    preset: Preset,
    /// Makes previews too, in a folder `previews` beside the first output.
    #[arg(long)]
    previews: bool,
    /// Writes the QA report to this file, as JSON.
    #[arg(long)]
    report: Option<PathBuf>,
}

#[derive(Args)]
struct ProbeArguments {
    /// The source.
    file: PathBuf,
    /// What would be made, repeatable; everything unless said.
    #[arg(long = "output", value_parser = parse_output)]
    outputs: Vec<Output>,
    #[command(flatten)]
    matte: MatteArguments,
    /// How well and how large: web-app, editing, social.
    #[arg(long, default_value = "web-app", value_parser = parse_preset)]
    preset: Preset,
    /// JSON instead of text.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct MatteArguments {
    /// How to make the matte: auto, preserve-source-alpha, chroma-key.
    #[arg(long, default_value = "auto", value_parser = parse_strategy)]
    strategy: StrategyRequest,
    /// May take more time for better edges; changes nothing yet.
    #[arg(long)]
    refine_edges: bool,
    /// The screen's colour, such as #00b140, instead of the one found.
    #[arg(long)]
    screen_color: Option<ScreenColor>,
    /// Alpha up to this becomes 0; 0 to 1.
    #[arg(long, value_parser = parse_share)]
    black_point: Option<f32>,
    /// Alpha from this on becomes 1; 0 to 1, above the black point.
    #[arg(long, value_parser = parse_share)]
    white_point: Option<f32>,
    /// How much of the screen's light on the subject is taken away; 0 to 1.
    #[arg(long, value_parser = parse_share)]
    spill_strength: Option<f32>,
}

impl From<MatteArguments> for MatteRequest {
    fn from(arguments: MatteArguments) -> Self {
        let MatteArguments { strategy, refine_edges, screen_color, black_point, white_point, spill_strength } = arguments;
        Self { strategy, key: KeySettings { screen_color, black_point, white_point, spill_strength }, refine_edges }
    }
}

#[derive(Args)]
struct QaArguments {
    /// What was keyed.
    source: PathBuf,
    /// What came of it: a video with alpha, frame for frame.
    result: PathBuf,
    /// Writes the QA report to this file, as JSON.
    #[arg(long)]
    report: Option<PathBuf>,
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let asked_for = !error.use_stderr();
            return if error.print().is_ok() && asked_for { ExitCode::SUCCESS } else { EXIT_USAGE.into() };
        }
    };
    match cli.command {
        Command::Serve => start(serve()),
        Command::Run(arguments) => start(run(arguments)),
        Command::Probe(arguments) => start(probe(arguments)),
        Command::Qa(arguments) => start(qa(arguments)),
        // Without a runtime: each of its threads would have to be confined.
        Command::Confine(confinement) => enter(&confinement),
    }
}

fn start(work: impl Future<Output = ExitCode>) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return tell(&format!("error[internal]: {error}"), EXIT_FAILED),
    };
    // Refused only when one is installed already, and then there is one.
    drop(rustls::crypto::ring::default_provider().install_default());
    runtime.block_on(work)
}

fn enter(confinement: &Confinement) -> ExitCode {
    match confine(confinement) {
        Ok(Enforced { held, missing }) => {
            let told = held.iter().try_for_each(|line| writeln!(std::io::stdout(), "{line}"));
            let told = told.and_then(|()| missing.iter().try_for_each(|line| writeln!(std::io::stderr(), "{line}")));
            if told.is_ok() { ExitCode::SUCCESS } else { EXIT_FAILED.into() }
        }
        Err(error) => tell(&format!("confine: {error}"), EXIT_NOT_STARTED),
    }
}

async fn serve() -> ExitCode {
    log("info");
    let config = match Config::from_env() {
        Ok(config) => config,
        Err(error) => return tell(&error.to_string(), EXIT_USAGE),
    };
    announce_confinement().await;
    let shutdown = CancellationToken::new();
    let stop = shutdown.clone();
    let serving = transcoder::serve(config, shutdown);
    tokio::pin!(serving);
    let ended = tokio::select! {
        ended = &mut serving => ended,
        () = stop_signal() => {
            tracing::info!("stop signal");
            stop.cancel();
            serving.await
        }
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => tell(&error.to_string(), EXIT_FAILED),
    }
}

/// To stderr: JSON for machines, lines for a terminal. `RUST_LOG` overrides the level.
fn log(default_level: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default_level));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        builder.init();
    } else {
        builder.json().init();
    }
}

async fn run(arguments: RunArguments) -> ExitCode {
    log("warn");
    announce_confinement().await;
    let request = RunRequest {
        file: arguments.file,
        outputs: arguments.outputs,
        targets: arguments.targets,
        matte: arguments.matte.into(),
        preset: arguments.preset,
        previews: arguments.previews,
        report: arguments.report,
        programs: programs(),
        scratch_dir: scratch_dir(),
    };
    let outcome = tokio::select! {
        outcome = run_local(&request) => outcome,
        () = stop_signal() => return tell("stopped", EXIT_SIGNAL),
    };
    match outcome {
        Ok(summary) => {
            drop(writeln!(std::io::stderr(), "{}", summary.report));
            print(&summary.lines.join("\n"))
        }
        Err(error) => refuse(&error),
    }
}

async fn probe(arguments: ProbeArguments) -> ExitCode {
    log("warn");
    let request = ProbeRequest {
        file: arguments.file,
        outputs: arguments.outputs,
        matte: arguments.matte.into(),
        preset: arguments.preset,
        programs: programs(),
        scratch_dir: scratch_dir(),
    };
    let outcome = tokio::select! {
        outcome = inspect(&request) => outcome,
        () = stop_signal() => return tell("stopped", EXIT_SIGNAL),
    };
    match outcome {
        Ok(inspection) if arguments.json => match serde_json::to_string_pretty(&inspection) {
            Ok(json) => print(&json),
            Err(error) => tell(&format!("error[internal]: {error}"), EXIT_FAILED),
        },
        Ok(inspection) => print(&inspection.text()),
        Err(error) => refuse(&error),
    }
}

async fn qa(arguments: QaArguments) -> ExitCode {
    log("warn");
    let request = AssessRequest {
        source: arguments.source,
        result: arguments.result,
        report: arguments.report,
        programs: programs(),
        scratch_dir: scratch_dir(),
    };
    let outcome = tokio::select! {
        outcome = assess(&request) => outcome,
        () = stop_signal() => return tell("stopped", EXIT_SIGNAL),
    };
    match outcome {
        Ok(text) => print(&text),
        Err(error) => refuse(&error),
    }
}

fn programs() -> Programs {
    let environment = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    Programs { ffmpeg: environment("FFMPEG", "ffmpeg"), ffprobe: environment("FFPROBE", "ffprobe") }
}

fn scratch_dir() -> PathBuf {
    std::env::var_os("SCRATCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from)
}

fn print(text: &str) -> ExitCode {
    match writeln!(std::io::stdout(), "{text}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => EXIT_FAILED.into(),
    }
}

fn refuse(error: &RunError) -> ExitCode {
    let code = match error {
        RunError::Targets | RunError::Repeated => EXIT_USAGE,
        RunError::Job { .. } => EXIT_FAILED,
        RunError::Machine(_) => EXIT_MACHINE,
    };
    tell(&error.to_string(), code)
}

/// Resolves at the first SIGTERM or SIGINT.
async fn stop_signal() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

fn tell(text: &str, code: u8) -> ExitCode {
    // Nobody may be reading; the exit code says it too.
    drop(writeln!(std::io::stderr(), "{text}"));
    code.into()
}

fn parse_output(text: &str) -> Result<Output, String> {
    text.parse().map_err(|_| {
        let names: Vec<&str> = Output::ALL.iter().map(|output| output.as_str()).collect();
        format!("known are {}", names.join(", "))
    })
}

fn parse_preset(text: &str) -> Result<Preset, String> {
    Preset::find(text).ok_or_else(|| "known are web-app, editing, social".to_owned())
}

fn parse_strategy(text: &str) -> Result<StrategyRequest, String> {
    match text {
        "auto" => Ok(StrategyRequest::Auto),
        "preserve-source-alpha" => Ok(StrategyRequest::PreserveSourceAlpha),
        "chroma-key" => Ok(StrategyRequest::ChromaKey),
        _ => Err("known are auto, preserve-source-alpha, chroma-key".to_owned()),
    }
}

fn parse_share(text: &str) -> Result<f32, String> {
    text.parse().ok().filter(|share| (0.0..=1.0).contains(share)).ok_or_else(|| "must be from 0 to 1".to_owned())
}
