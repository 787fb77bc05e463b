//! Migrations are added, never edited: somebody has applied them.

use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::workspace::Workspace;

/// Fails when a migration was changed, renamed or removed, in the history or since the last commit.
pub fn check_added_only(workspace: &Workspace) -> Result<()> {
    // Without the history, as in a downloaded archive, there is nothing to compare with.
    if !workspace.join(".git").exists() {
        return Ok(());
    }
    let altered = ["--diff-filter=MDRT", "--name-only", "--", "migrations/*.sql"];
    let history = git(workspace, &[["log", "--format="].as_slice(), &altered].concat())?;
    let pending = git(workspace, &[["diff", "HEAD"].as_slice(), &altered].concat())?;
    let names: Vec<&str> = history.lines().chain(pending.lines()).filter(|line| !line.is_empty()).collect();
    ensure!(
        names.is_empty(),
        "edited, though somebody may have applied them: {}\nAdd a new migration instead.",
        names.join(", ")
    );
    Ok(())
}

fn git(workspace: &Workspace, args: &[&str]) -> Result<String> {
    let output = Command::new("git").args(args).current_dir(workspace.root()).output().context("`git` cannot be started")?;
    ensure!(output.status.success(), "git {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}
