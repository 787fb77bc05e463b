//! `bgless-transcoder`: the command line, the log, the signals. Everything else is in the library.
//!
//! Exit codes: 0 done, 1 the job failed (`error[code]: sentence` on stderr), 2 wrong usage, 130 stopped by a signal.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use shared::media::Output;
use shared::report::StrategyRequest;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;
use transcoder::{Config, Programs, RunError, RunRequest, run_local};

const EXIT_FAILED: u8 = 1;
const EXIT_USAGE: u8 = 2;
const EXIT_SIGNAL: u8 = 130;

/// Cuts subjects out of video.
#[derive(Parser)]
#[command(name = "bgless-transcoder", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Takes tasks from the queue until told to stop; configured by the environment.
    Serve,
    /// Works on a local file; no server, no account.
    Run(RunArguments),
}

#[derive(Args)]
struct RunArguments {
    /// The source.
    file: PathBuf,
    /// What to make: webm-vp9-alpha, mov-prores4444, matte-grayscale-mp4. Repeatable.
    #[arg(long = "output", required = true, value_parser = parse_output)]
    outputs: Vec<Output>,
    /// Where to put it: one file per --output, or one existing folder.
    #[arg(short = 'o', required = true)]
    targets: Vec<PathBuf>,
    /// How to make the matte: auto, preserve-source-alpha, chroma-key.
    #[arg(long, default_value = "auto", value_parser = parse_strategy)]
    strategy: StrategyRequest,
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let asked_for = !error.use_stderr();
            return if error.print().is_ok() && asked_for { ExitCode::SUCCESS } else { EXIT_USAGE.into() };
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return tell(&format!("error[internal]: {error}"), EXIT_FAILED),
    };
    // Refused only when one is installed already, and then there is one.
    drop(rustls::crypto::ring::default_provider().install_default());
    match cli.command {
        Command::Serve => runtime.block_on(serve()),
        Command::Run(arguments) => runtime.block_on(run(arguments)),
    }
}

async fn serve() -> ExitCode {
    log("info");
    let config = match Config::from_env() {
        Ok(config) => config,
        Err(error) => return tell(&error.to_string(), EXIT_USAGE),
    };
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
    let environment = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    let request = RunRequest {
        file: arguments.file,
        outputs: arguments.outputs,
        targets: arguments.targets,
        strategy: arguments.strategy,
        programs: Programs { ffmpeg: environment("FFMPEG", "ffmpeg"), ffprobe: environment("FFPROBE", "ffprobe") },
        scratch_dir: std::env::var_os("SCRATCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from),
    };
    let outcome = tokio::select! {
        outcome = run_local(&request) => outcome,
        () = stop_signal() => return tell("stopped", EXIT_SIGNAL),
    };
    match outcome {
        Ok(lines) => match writeln!(std::io::stdout(), "{}", lines.join("\n")) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => EXIT_FAILED.into(),
        },
        Err(error @ (RunError::Targets | RunError::Repeated)) => tell(&error.to_string(), EXIT_USAGE),
        Err(error) => tell(&error.to_string(), EXIT_FAILED),
    }
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

fn parse_strategy(text: &str) -> Result<StrategyRequest, String> {
    match text {
        "auto" => Ok(StrategyRequest::Auto),
        "preserve-source-alpha" => Ok(StrategyRequest::PreserveSourceAlpha),
        "chroma-key" => Ok(StrategyRequest::ChromaKey),
        _ => Err("known are auto, preserve-source-alpha, chroma-key".to_owned()),
    }
}
