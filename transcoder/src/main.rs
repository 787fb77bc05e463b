//! `bgless-transcoder`: the log, the signals, the exit codes. Everything else is in the library.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;
use transcoder::arguments::{Cli, Command, ProbeArguments, RunArguments};
use transcoder::{
    Config, Confinement, EXIT_NOT_STARTED, Enforced, RunError, assess, confine, inspect, log_confinement, manage_models,
    render_local, run_local,
};

const EXIT_FAILED: u8 = 1;
const EXIT_USAGE: u8 = 2;
const EXIT_MACHINE: u8 = 3;
const EXIT_SIGNAL: u8 = 130;

fn main() -> ExitCode {
    let cli = match Cli::from_process() {
        Ok(cli) => cli,
        Err(error) => {
            let is_help = !error.use_stderr();
            return if error.print().is_ok() && is_help { ExitCode::SUCCESS } else { EXIT_USAGE.into() };
        }
    };
    match cli.command {
        Command::Serve(config) => start(serve(*config)),
        Command::Run(arguments) => start(until_signal(run(arguments))),
        Command::Portrait(arguments) => start(until_signal(async move {
            log_confinement().await;
            render_local(&arguments).await
        })),
        Command::Probe(arguments) => start(until_signal(probe(arguments))),
        Command::Qa(arguments) => start(until_signal(async move { assess(&arguments).await })),
        // Without a runtime and its signals: a question or npm ends at Ctrl-C.
        Command::Model(arguments) => {
            log("off");
            match manage_models(&arguments) {
                Ok(text) if writeln!(std::io::stdout(), "{text}").is_ok() => ExitCode::SUCCESS,
                Ok(_) => EXIT_FAILED.into(),
                Err(error) => fail(&format!("error: {error}"), EXIT_FAILED),
            }
        }
        // Without a runtime: each of its threads would have to be confined.
        Command::Confine(confinement) => execute_confined(&confinement),
    }
}

fn start(command: impl Future<Output = ExitCode>) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("error[internal]: {error}"), EXIT_FAILED),
    };
    // Refused only when one is installed already, and then there is one.
    drop(rustls::crypto::ring::default_provider().install_default());
    runtime.block_on(command)
}

/// Becomes the program; returns only when there is none to become, or on failure.
fn execute_confined(confinement: &Confinement) -> ExitCode {
    match confine(confinement) {
        Ok(Enforced { held, missing }) => {
            let printed = held.iter().try_for_each(|line| writeln!(std::io::stdout(), "{line}"));
            let printed = printed.and_then(|()| missing.iter().try_for_each(|line| writeln!(std::io::stderr(), "{line}")));
            if printed.is_ok() { ExitCode::SUCCESS } else { EXIT_FAILED.into() }
        }
        Err(error) => fail(&format!("confine: {error}"), EXIT_NOT_STARTED),
    }
}

async fn serve(config: Config) -> ExitCode {
    log("info");
    log_confinement().await;
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
        Err(error) => fail(&error.to_string(), EXIT_FAILED),
    }
}

/// Runs a command on local files until it ends or a signal comes, and prints its result to stdout.
async fn until_signal(command: impl Future<Output = Result<String, RunError>>) -> ExitCode {
    log("warn");
    let outcome = tokio::select! {
        outcome = command => outcome,
        () = stop_signal() => return fail("stopped", EXIT_SIGNAL),
    };
    match outcome {
        Ok(text) if writeln!(std::io::stdout(), "{text}").is_ok() => ExitCode::SUCCESS,
        Ok(_) => EXIT_FAILED.into(),
        Err(error) => {
            let code = match error {
                RunError::Targets | RunError::Repeated => EXIT_USAGE,
                RunError::Job { .. } => EXIT_FAILED,
                RunError::Machine(_) => EXIT_MACHINE,
            };
            fail(&error.to_string(), code)
        }
    }
}

async fn run(arguments: RunArguments) -> Result<String, RunError> {
    log_confinement().await;
    let summary = run_local(&arguments).await?;
    drop(writeln!(std::io::stderr(), "{}", summary.report));
    Ok(summary.lines.join("\n"))
}

async fn probe(arguments: ProbeArguments) -> Result<String, RunError> {
    let inspection = inspect(&arguments).await?;
    if arguments.json { inspection.json() } else { Ok(inspection.text()) }
}

/// To stderr: JSON for machines, lines for a terminal. `RUST_LOG` overrides the level. ONNX Runtime
/// logs every step as information.
fn log(default_level: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(format!("{default_level},ort=warn")));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        builder.init();
    } else {
        builder.json().init();
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

fn fail(text: &str, code: u8) -> ExitCode {
    // stderr may be closed; the exit code tells it too.
    drop(writeln!(std::io::stderr(), "{text}"));
    code.into()
}
