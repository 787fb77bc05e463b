//! The two programs under test: built when their sources changed, then copied into the clone.
//!
//! The copies are needed because all clones share one build folder, which the next build
//! overwrites.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::cache::Cache;
use crate::fingerprint::Fingerprint;
use crate::step;
use crate::tools::Tools;
use crate::workspace::Workspace;

/// Inputs of both programs.
const SHARED_INPUTS: [&str; 4] = ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "shared"];
/// Files of the API documentation page that come from npm; the same as `viewer` in `package.json`.
const VIEWER_FILES: [&str; 2] = ["swagger-ui.css", "swagger-ui-bundle.js"];
const ADVICE: &str = "The output above says why; `cargo x check` shows it in colour.";

/// Builds the edge if it is out of date; returns the folder with its `index.js` and wasm.
///
/// Same command as `[build]` in `wrangler.toml`; every tool is named by its path, so that
/// worker-build downloads none.
pub fn ensure_edge(workspace: &Workspace, cache: &Cache) -> Result<PathBuf> {
    let edge_dir = workspace.join("edge/build");
    let fingerprint_file = edge_dir.join("fingerprint");
    let fingerprint = fingerprint(workspace, &["edge/src", "edge/Cargo.toml", "package-lock.json"])?;
    if fingerprint.matches(&fingerprint_file) {
        return Ok(edge_dir);
    }
    let (cargo, _lock) = cache.cargo(workspace)?;
    if fingerprint.matches(&fingerprint_file) {
        // Another thread or program built it while this one waited for the lock.
        return Ok(edge_dir);
    }
    let tools = Tools::new(workspace, cache);
    for file in VIEWER_FILES {
        let source = workspace.join("node_modules/swagger-ui-dist").join(file);
        replace_file(&source, &workspace.join("edge/assets/docs").join(file))?;
    }
    let mut command = Command::new(tools.worker_build());
    command
        .args(["edge", "--profile", "edge"])
        .current_dir(workspace.root())
        .envs(cargo.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .env("PATH", tools.path()?)
        .env("WASM_BINDGEN_BIN", tools.wasm_bindgen())
        .env("WASM_OPT_BIN", tools.npm_bin("wasm-opt"))
        .env("ESBUILD_BIN", tools.npm_bin("esbuild"));
    step::run("edge for wasm", &mut command, ADVICE)?;
    fingerprint.write(&fingerprint_file)?;
    Ok(edge_dir)
}

fn fingerprint(workspace: &Workspace, inputs: &[&str]) -> Result<Fingerprint> {
    SHARED_INPUTS
        .iter()
        .chain(inputs)
        .try_fold(Fingerprint::default(), |fingerprint, path| fingerprint.with_path(workspace.root(), path))
}

/// Builds the transcoder, optimised, if it is out of date; returns its program.
pub fn ensure_transcoder(workspace: &Workspace, cache: &Cache) -> Result<PathBuf> {
    let dir = workspace.output_dir().join("programs");
    let program = dir.join("bgless-transcoder");
    let fingerprint_file = dir.join("bgless-transcoder.fingerprint");
    let fingerprint = fingerprint(workspace, &["keyer", "model-import", "segmentation", "transcoder"])?;
    if fingerprint.matches(&fingerprint_file) && program.exists() {
        return Ok(program);
    }
    let (mut command, _lock) = cache.cargo(workspace)?;
    if fingerprint.matches(&fingerprint_file) && program.exists() {
        return Ok(program);
    }
    command.args(["build", "--release", "--package", "transcoder"]);
    step::run("transcoder, optimised", &mut command, ADVICE)?;
    replace_file(&cache.build_dir().join("release/bgless-transcoder"), &program)?;
    fingerprint.write(&fingerprint_file)?;
    Ok(program)
}

/// Copies a file and renames the copy into place: the old file may be a running program, which
/// cannot be overwritten.
pub(crate) fn replace_file(from: &Path, to: &Path) -> Result<()> {
    let dir = to.parent().context("a file has a folder")?;
    fs::create_dir_all(dir)?;
    let fresh = to.with_extension(format!("fresh-{}", std::process::id()));
    fs::copy(from, &fresh).with_context(|| format!("{} cannot be copied", from.display()))?;
    fs::rename(&fresh, to).with_context(|| format!("{} cannot be replaced", to.display()))
}
