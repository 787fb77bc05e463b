//! `cargo x test`: host tests, then end to end against the real local stack.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::setup;
use crate::artifacts::{Artifacts, replace_file};
use crate::cache::Cache;
use crate::terminal::say;
use crate::workspace::Workspace;
use crate::{interrupt, onnx_runtime, step};

/// Runs the task. Words on the command line select tests by name.
pub fn run(mut args: lexopt::Parser) -> Result<()> {
    let filter: Vec<OsString> = args.raw_args()?.collect();
    let (workspace, cache) = (Workspace::find()?, Cache::open()?);
    let started = Instant::now();
    setup::ensure(&workspace, &cache)?;
    let onnx_runtime = onnx_runtime::ensure(&cache)?;
    {
        let (mut command, _lock) = cache.cargo(&workspace)?;
        command.arg("test").arg("--quiet").arg("--").args(&filter).env(onnx_runtime::VARIABLE, &onnx_runtime);
        step::run_openly("host tests", &mut command, "The failures are named above.")?;
    }
    let programs = build_end_to_end(&workspace, &cache)?;
    Artifacts::ensure(&workspace, &cache)?;
    // All are run, whatever the first says: who waits for minutes wants to hear everything.
    let mut failures = Vec::new();
    for program in programs {
        let title = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut command = Command::new(&program);
        // Cargo would set this one; the tests find the clone by it.
        command
            .args(&filter)
            .env(onnx_runtime::VARIABLE, &onnx_runtime)
            .current_dir(workspace.join("tests"))
            .env("CARGO_MANIFEST_DIR", workspace.join("tests"));
        if let Err(failure) = step::run_openly(&title, &mut command, "The failures are named above.") {
            interrupt::check()?;
            failures.push(failure);
        }
    }
    if let Some(failure) = failures.into_iter().next() {
        return Err(failure);
    }
    say(&format!("all tests passed ({:.1} s)", started.elapsed().as_secs_f64()));
    Ok(())
}

/// Builds the test programs of this package and copies them into the clone: they run for minutes, and meanwhile
/// another clone may need the build folder.
fn build_end_to_end(workspace: &Workspace, cache: &Cache) -> Result<Vec<PathBuf>> {
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
            let name = message["target"]["name"].as_str().context("a program without a name")?;
            let program = workspace.output_dir().join("programs").join(name);
            replace_file(built.as_ref(), &program)?;
            programs.push(program);
        }
    }
    programs.sort();
    Ok(programs)
}
