//! `cargo x test`: host tests, then end to end against the real local stack.

mod filter;
mod snapshots;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use self::filter::Filter;
use self::snapshots::SnapshotReferences;
use super::{bench, setup};
use crate::artifacts::{self, replace_file};
use crate::cache::Cache;
use crate::terminal::print_line;
use crate::workspace::Workspace;
use crate::{interrupt, onnx_runtime, stack, step};

const ADVICE: &str = "The failures are named above.";
/// The name that selects benches, as a program's name selects its tests.
const BENCHES: &str = "bench";
/// The program with the snapshots.
const CONTRACT: &str = "contract";

/// One program of end-to-end tests.
struct Program {
    name: String,
    path: PathBuf,
}

/// Runs the task. Words on the command line select tests by name.
pub fn run(mut args: lexopt::Parser) -> Result<()> {
    let (workspace, cache) = (Workspace::find()?, Cache::open()?);
    let words: Vec<String> = args.raw_args()?.map(|word| word.to_string_lossy().into_owned()).collect();
    let filter = Filter::new(words, list_programs(&workspace)?);
    let started = Instant::now();
    // First of all, since the builds below replace the program that runs.
    let program = copy_of_self(&workspace)?;
    setup::ensure(&workspace, &cache)?;
    let onnx_runtime = onnx_runtime::ensure(&cache)?;
    if let Some(words) = filter.for_host_tests() {
        let (mut command, _lock) = cache.cargo(&workspace)?;
        command.arg("test").arg("--quiet").arg("--").args(words).env(onnx_runtime::VARIABLE, &onnx_runtime);
        step::run_openly("host tests", &mut command, ADVICE)?;
    }
    let programs = if filter.selects_programs_beside(BENCHES) { build_programs(&workspace, &cache)? } else { Vec::new() };
    if filter.is_empty() {
        // Else each stack builds what it needs: most contract tests start no transcoder.
        artifacts::ensure_edge(&workspace, &cache)?;
        artifacts::ensure_transcoder(&workspace, &cache)?;
    }
    let references = SnapshotReferences::new(&workspace)?;
    // All programs run, whatever the first one reports: a run takes minutes, and one run should
    // show every failure.
    let mut failures = Vec::new();
    for Program { name, path } in programs {
        let Some(words) = filter.for_program(&name) else { continue };
        let mut command = Command::new(&path);
        command
            .args(words)
            .envs(references.env(&workspace))
            .env(onnx_runtime::VARIABLE, &onnx_runtime)
            .current_dir(workspace.join("tests"))
            // Cargo would set this one; the tests find the clone by it.
            .env("CARGO_MANIFEST_DIR", workspace.join("tests"));
        let ended = step::run_openly(&name, &mut command, ADVICE);
        stack::shared::remove_folders(&workspace);
        if let Err(failure) = ended {
            interrupt::check()?;
            failures.push(failure);
        }
    }
    if let Some(words) = filter.for_program(BENCHES)
        && let Err(failure) = bench::run_briefly(&program, &words)
    {
        interrupt::check()?;
        failures.push(failure);
    }
    if let Some(failure) = failures.into_iter().next() {
        return Err(failure);
    }
    if filter.for_program(CONTRACT).is_some_and(|words| words.is_empty()) {
        references.check_all_used(&workspace)?;
    }
    print_line(&format!("all tests passed ({:.1} s)", started.elapsed().as_secs_f64()));
    Ok(())
}

/// Copies the running `cargo x` into the clone, under a name that no test program has.
fn copy_of_self(workspace: &Workspace) -> Result<PathBuf> {
    let path = workspace.output_dir().join("programs/cargo-x");
    replace_file(&std::env::current_exe()?, &path)?;
    Ok(path)
}

/// What a word can begin with to select one program: the name of a folder in `tests/tests`, or
/// `bench`.
fn list_programs(workspace: &Workspace) -> Result<Vec<String>> {
    let mut names = vec![BENCHES.to_owned()];
    for entry in fs::read_dir(workspace.join("tests/tests"))? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    Ok(names)
}

/// Builds the test programs of this package and copies them into the clone: they run for minutes,
/// and meanwhile another clone may need the build folder.
fn build_programs(workspace: &Workspace, cache: &Cache) -> Result<Vec<Program>> {
    const TITLE: &str = "end-to-end tests, building";
    let (mut command, _lock) = cache.cargo(workspace)?;
    command.args(["test", "--package", "tests", "--no-run"]);
    step::run(TITLE, &mut command, "`cargo x check` shows the same in colour.")?;
    // Everything is built, so this only names the programs.
    let output = command.args(["--message-format", "json", "--quiet"]).stdout(Stdio::piped()).output()?;
    if !output.status.success() {
        bail!("{TITLE}: {}", output.status);
    }
    let mut programs = Vec::new();
    for line in String::from_utf8(output.stdout)?.lines() {
        let message: Value = serde_json::from_str(line)?;
        if message["profile"]["test"] == true
            && let Some(built) = message["executable"].as_str()
        {
            let name = message["target"]["name"].as_str().context("a program without a name")?.to_owned();
            let path = workspace.output_dir().join("programs").join(&name);
            replace_file(built.as_ref(), &path)?;
            programs.push(Program { name, path });
        }
    }
    programs.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(programs)
}
