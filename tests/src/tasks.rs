//! The tasks of `cargo x`: one file each, listed here.

pub mod bench;
pub mod check;
pub mod demo;
pub mod dev;
pub mod doctor;
pub mod kie_sim;
pub mod migrate;
pub mod setup;
pub mod test;

use anyhow::{Result, bail};

use crate::terminal::say;

/// Something `cargo x` can do.
struct Task {
    name: &'static str,
    summary: &'static str,
    run: fn(lexopt::Parser) -> Result<()>,
}

const TASKS: [Task; 9] = [
    Task { name: "demo", summary: "turn a video into a video with transparency, through every real part", run: demo::run },
    Task { name: "dev", summary: "start the whole stack on this machine and keep it up", run: dev::run },
    Task {
        name: "kie-sim",
        summary: "stand in for KIE, with faults on demand, for a stack that runs elsewhere",
        run: kie_sim::run,
    },
    Task { name: "check", summary: "format, lints, and the edge for wasm: what must be clean", run: check::run },
    Task { name: "test", summary: "host tests, then end to end; words select tests by name", run: test::run },
    Task { name: "bench", summary: "measure: one of several, listed by `cargo x bench`", run: bench::run },
    Task { name: "migrate", summary: "bring a D1 database up to date, --local or --remote", run: migrate::run },
    Task { name: "setup", summary: "install what packages can give", run: setup::run },
    Task { name: "doctor", summary: "say what is missing and where to get it", run: doctor::run },
];

/// Runs the task that the command line names, or lists the tasks.
pub fn run() -> Result<()> {
    let mut args = lexopt::Parser::from_env();
    let Some(arg) = args.next()? else {
        list();
        return Ok(());
    };
    let name = match arg {
        lexopt::Arg::Long("help") | lexopt::Arg::Short('h') => {
            list();
            return Ok(());
        }
        lexopt::Arg::Value(name) => name.to_string_lossy().into_owned(),
        other => return Err(other.unexpected().into()),
    };
    let Some(task) = TASKS.iter().find(|task| task.name == name) else {
        list();
        bail!("no task `{name}`");
    };
    (task.run)(args)
}

fn list() {
    say("cargo x TASK, where TASK is one of");
    for task in &TASKS {
        say(&format!("  {:8} {}", task.name, task.summary));
    }
}

/// Fails on anything left on the command line.
fn expect_no_more(mut args: lexopt::Parser) -> Result<()> {
    match args.next()? {
        Some(arg) => Err(arg.unexpected().into()),
        None => Ok(()),
    }
}
