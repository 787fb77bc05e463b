//! `cargo x model`: the transcoder's own command, for a machine that has no built transcoder.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};

use super::setup;
use crate::artifacts;
use crate::cache::Cache;
use crate::workspace::Workspace;

/// Runs the task; its options are those of `bgless-transcoder model`.
pub fn run(mut args: lexopt::Parser) -> Result<()> {
    let (workspace, cache) = (Workspace::find()?, Cache::open()?);
    setup::ensure(&workspace, &cache)?;
    let mut command = Command::new(artifacts::ensure_transcoder(&workspace, &cache)?);
    command.arg("model").args(args.raw_args()?);
    // In place of this program, since it may ask on the terminal.
    Err(command.exec()).context("the transcoder cannot be started")
}
