//! `cargo x check`: format and lints.

use anyhow::Result;

use super::setup;
use crate::cache::Cache;
use crate::tools::WASM_TARGET;
use crate::workspace::Workspace;
use crate::{migrations, step};

/// Runs the task.
pub fn run(args: lexopt::Parser) -> Result<()> {
    super::expect_no_more(args)?;
    let (workspace, cache) = (Workspace::find()?, Cache::open()?);
    setup::ensure(&workspace, &cache)?;
    migrations::check_added_only(&workspace)?;
    let phases: [(&str, &[&str], &str); 3] = [
        ("format", &["fmt", "--all", "--check"], "`cargo fmt --all` fixes it."),
        ("lints", &["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"], "The findings are named above."),
        (
            "lints of the edge for wasm",
            &["clippy", "--package", "edge", "--target", WASM_TARGET, "--", "--deny", "warnings"],
            "The findings are named above.",
        ),
    ];
    for (title, args, advice) in phases {
        let (mut command, _lock) = cache.cargo(&workspace)?;
        step::run_openly(title, command.args(args), advice)?;
    }
    Ok(())
}
