//! `cargo x test`: host tests, then end to end against the real local stack.

mod filter;
mod snapshots;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use self::filter::{Filter, Test};
use self::snapshots::SnapshotReferences;
use super::{bench, setup};
use crate::artifacts::{self, replace_file};
use crate::cache::{Cache, CacheLock};
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
    let programs = if filter.selects_programs_beside(BENCHES) { build_programs(&workspace, &cache)? } else { Vec::new() };
    check_words(&filter, &programs, &workspace, &cache)?;
    if let Some(words) = filter.for_host_tests() {
        let (mut command, _lock) = host_tests(&workspace, &cache)?;
        command.args(words).env(onnx_runtime::VARIABLE, &onnx_runtime);
        step::run_openly("host tests", &mut command, ADVICE)?;
    }
    if filter.is_empty() {
        // Else each stack builds what it needs: most contract tests start no transcoder.
        artifacts::ensure_edge(&workspace, &cache)?;
        artifacts::ensure_transcoder(&workspace, &cache)?;
    }
    let references = SnapshotReferences::new(&workspace)?;
    // All programs run, whatever the first one reports: a run takes minutes, and one run should
    // show every failure.
    let mut failures = Vec::new();
    for program in programs {
        let Some(words) = filter.for_program(&program.name) else { continue };
        let mut command = program.command(&workspace, &references, &onnx_runtime);
        let ended = step::run_openly(&program.name, command.args(words), ADVICE);
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

impl Program {
    fn command(&self, workspace: &Workspace, references: &SnapshotReferences, onnx_runtime: &Path) -> Command {
        let mut command = Command::new(&self.path);
        command
            .envs(references.env(workspace))
            .env(onnx_runtime::VARIABLE, onnx_runtime)
            .current_dir(workspace.join("tests"))
            // Cargo would set this one; the tests find the clone by it.
            .env("CARGO_MANIFEST_DIR", workspace.join("tests"));
        command
    }
}

/// Runs the host tests that the words after it select; hold the lock meanwhile.
fn host_tests(workspace: &Workspace, cache: &Cache) -> Result<(Command, CacheLock)> {
    let (mut command, lock) = cache.cargo(workspace)?;
    command.args(["test", "--quiet", "--"]);
    Ok((command, lock))
}

/// Fails where a word selects no test, and names what words can select.
fn check_words(filter: &Filter, programs: &[Program], workspace: &Workspace, cache: &Cache) -> Result<()> {
    if filter.is_empty() {
        return Ok(());
    }
    let of_program = |program: &str, path: String| Test { program: Some(program.to_owned()), path };
    let mut tests: Vec<Test> = bench::names().map(|name| of_program(BENCHES, name.to_owned())).collect();
    for Program { name, path } in programs {
        tests.extend(list_tests(&mut Command::new(path))?.map(|path| of_program(name, path)));
    }
    if filter.for_host_tests().is_some() {
        let (mut command, _lock) = host_tests(workspace, cache)?;
        tests.extend(list_tests(&mut command)?.map(|path| Test { program: None, path }));
    }
    let unmatched = filter.find_unmatched(&tests);
    let names = list_programs(workspace)?;
    let module = |test: &Test| {
        let program = test.program.as_ref().filter(|program| names.contains(program))?;
        Some(format!("{program}::{}", test.path.split("::").next()?))
    };
    let modules: BTreeSet<String> = tests.iter().filter_map(module).collect();
    ensure!(
        unmatched.is_empty(),
        "no test is selected by {}. A word is a program ({}), a module of one ({}), or a part of a test's path, such as `refund`.",
        unmatched.join(", "),
        names.join(", "),
        Vec::from_iter(modules).join(", "),
    );
    Ok(())
}

/// The paths of all tests of a test program.
fn list_tests(command: &mut Command) -> Result<impl Iterator<Item = String>> {
    let output = command.args(["--list", "--format", "terse"]).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "the tests cannot be listed: {}", output.status);
    let text = String::from_utf8(output.stdout)?;
    let paths: Vec<String> = text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect();
    Ok(paths.into_iter())
}

/// Copies the running `cargo x` into the clone, under a name that no test program has.
fn copy_of_self(workspace: &Workspace) -> Result<PathBuf> {
    let path = workspace.output_dir().join("programs/cargo-x");
    replace_file(&std::env::current_exe()?, &path)?;
    Ok(path)
}

/// The names of the programs that words can select: the folders in `tests/tests`, and `bench`.
fn list_programs(workspace: &Workspace) -> Result<Vec<String>> {
    let mut names = vec![BENCHES.to_owned()];
    for entry in fs::read_dir(workspace.join("tests/tests"))? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
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
