//! `cargo x check`: format, width of comments, lints, builds for wasm, migrations and the size of
//! the edge's wasm.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::setup;
use crate::artifacts;
use crate::cache::Cache;
use crate::terminal::print_line;
use crate::tools::WASM_TARGET;
use crate::workspace::Workspace;
use crate::{comments, migrations, step};

/// Largest program of the edge, gzipped with `gzip -9`.
/// Units: bytes. Cloudflare allows 3 MB on the free plan; a smaller program starts faster.
const WASM_SIZE_BYTES_MAX: usize = 1_000_000;

/// Runs the task.
pub fn run(args: lexopt::Parser) -> Result<()> {
    super::expect_no_more(args)?;
    let (workspace, cache) = (Workspace::find()?, Cache::open()?);
    setup::ensure(&workspace, &cache)?;
    migrations::check_added_only(&workspace)?;
    comments::check_width(&workspace)?;
    let phases: [(&str, &[&str], &str); 4] = [
        ("format", &["fmt", "--all", "--check"], "`cargo fmt --all` fixes it."),
        ("lints", &["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"], "The findings are named above."),
        (
            "lints of the edge for wasm",
            &["clippy", "--package", "edge", "--target", WASM_TARGET, "--", "--deny", "warnings"],
            "The findings are named above.",
        ),
        (
            "the keyer for wasm",
            &["check", "--package", "keyer", "--target", WASM_TARGET],
            "What was added last to keyer? It does no I/O and has no threads.",
        ),
    ];
    for (title, args, advice) in phases {
        let (mut command, _lock) = cache.cargo(&workspace)?;
        step::run_openly(title, command.args(args), advice)?;
    }
    check_wasm_size(&artifacts::ensure_edge(&workspace, &cache)?)
}

/// Measures the program of the edge that was just built.
fn check_wasm_size(edge_dir: &Path) -> Result<()> {
    let wasm = edge_dir.join("index_bg.wasm");
    let gzipped = Command::new("gzip").args(["-9", "--stdout"]).arg(&wasm).output().context("gzip cannot be run")?;
    ensure!(gzipped.status.success(), "gzip cannot read {}", wasm.display());
    let size_bytes = gzipped.stdout.len();
    ensure!(
        size_bytes <= WASM_SIZE_BYTES_MAX,
        "The edge's wasm has {size_bytes} bytes gzipped; at most {WASM_SIZE_BYTES_MAX} are allowed. What was added last to edge or shared?"
    );
    print_line(&format!("✓ size of the edge's wasm: {size_bytes} bytes gzipped"));
    Ok(())
}
