//! `bgless-transcoder`: the log, the signals, the exit codes. Everything else is in the library.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use shared::composition::Composition;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;
use transcoder::{
    AssessRequest, Config, ConfigError, Confinement, EXIT_NOT_STARTED, Enforced, MattingConfig, PortraitRequest, ProbeRequest,
    Programs, RunError, RunRequest, Workplace, announce_confinement, assess, confine, inspect, render_local, run_local,
};

use transcoder::arguments::{Cli, Command, PortraitArguments, ProbeArguments, QaArguments, RunArguments};

const EXIT_FAILED: u8 = 1;
const EXIT_USAGE: u8 = 2;
const EXIT_MACHINE: u8 = 3;
const EXIT_SIGNAL: u8 = 130;

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
        Command::Run(arguments) => start_in_workplace(|workplace| run(arguments, workplace)),
        Command::Portrait(arguments) => start_in_workplace(|workplace| portrait(arguments, workplace)),
        Command::Probe(arguments) => start_in_workplace(|workplace| probe(arguments, workplace)),
        Command::Qa(arguments) => start_in_workplace(|workplace| qa(arguments, workplace)),
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

fn start_in_workplace<W: Future<Output = ExitCode>>(work: impl FnOnce(Workplace) -> W) -> ExitCode {
    match workplace() {
        Ok(workplace) => start(work(workplace)),
        Err(error) => tell(&error.to_string(), EXIT_USAGE),
    }
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

/// To stderr: JSON for machines, lines for a terminal. `RUST_LOG` overrides the level. ONNX Runtime calls every step information.
fn log(default_level: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(format!("{default_level},ort=warn")));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        builder.init();
    } else {
        builder.json().init();
    }
}

async fn run(arguments: RunArguments, workplace: Workplace) -> ExitCode {
    log("warn");
    announce_confinement().await;
    let request = RunRequest {
        file: arguments.file,
        outputs: arguments.outputs,
        targets: arguments.targets,
        matte: arguments.matte.into(),
        preset: arguments.preset,
        composition: Composition { background: arguments.fill, ..Composition::default() },
        backdrop: arguments.fill_picture,
        previews: arguments.previews,
        report: arguments.report,
        workplace,
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

async fn portrait(arguments: PortraitArguments, workplace: Workplace) -> ExitCode {
    log("warn");
    announce_confinement().await;
    let PortraitArguments { picture, sound, target, shape } = arguments;
    let request = PortraitRequest { picture, sound, target, shape, workplace };
    let outcome = tokio::select! {
        outcome = render_local(&request) => outcome,
        () = stop_signal() => return tell("stopped", EXIT_SIGNAL),
    };
    match outcome {
        Ok(line) => print(&line),
        Err(error) => refuse(&error),
    }
}

async fn probe(arguments: ProbeArguments, workplace: Workplace) -> ExitCode {
    log("warn");
    let request = ProbeRequest {
        file: arguments.file,
        outputs: arguments.outputs,
        matte: arguments.matte.into(),
        preset: arguments.preset,
        workplace,
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

async fn qa(arguments: QaArguments, workplace: Workplace) -> ExitCode {
    log("warn");
    let request = AssessRequest { source: arguments.source, result: arguments.result, report: arguments.report, workplace };
    let outcome = tokio::select! {
        outcome = assess(&request) => outcome,
        () = stop_signal() => return tell("stopped", EXIT_SIGNAL),
    };
    match outcome {
        Ok(text) => print(&text),
        Err(error) => refuse(&error),
    }
}

fn workplace() -> Result<Workplace, ConfigError> {
    let environment = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    Ok(Workplace {
        programs: Programs { ffmpeg: environment("FFMPEG", "ffmpeg"), ffprobe: environment("FFPROBE", "ffprobe") },
        scratch_dir: std::env::var_os("SCRATCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from),
        models: MattingConfig::from_env()?.catalog(),
    })
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
