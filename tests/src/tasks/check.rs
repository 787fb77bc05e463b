//! `cargo x check`: what must be clean before anything is worth testing.

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
        ("format", &["fmt", "--all", "--check"], "`cargo fmt --all` puts it right."),
        ("lints", &["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"], "Fix what is named above."),
        (
            "lints of the edge for wasm",
            &["clippy", "--package", "edge", "--target", WASM_TARGET, "--", "--deny", "warnings"],
            "Fix what is named above.",
        ),
    ];
    for (title, args, advice) in phases {
        let (mut command, _lock) = cache.cargo(&workspace)?;
        step::run_openly(title, command.args(args), advice)?;
    }
    Ok(())
}
