//! The two programs under test: built when their sources changed, then copied into the clone.
//!
//! The copies matter: the build folder is shared by all clones, and the next one overwrites it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::cache::Cache;
use crate::stamp::Stamp;
use crate::step;
use crate::tools::Tools;
use crate::workspace::Workspace;

/// What goes into both programs.
const SHARED_INPUTS: [&str; 4] = ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "shared"];
/// What the documentation page takes from npm; the same as `viewer` in `package.json`.
const VIEWER_FILES: [&str; 2] = ["swagger-ui.css", "swagger-ui-bundle.js"];
const ADVICE: &str = "The output above says why; `cargo x check` shows it in colour.";

/// Where the built programs are.
#[derive(Debug, Clone)]
pub struct Artifacts {
    /// The folder with the edge's `index.js` and wasm.
    pub edge_dir: PathBuf,
    /// The transcoder's program.
    pub transcoder: PathBuf,
}

impl Artifacts {
    /// Builds what is out of date.
    pub fn ensure(workspace: &Workspace, cache: &Cache) -> Result<Self> {
        Ok(Self { edge_dir: Self::ensure_edge(workspace, cache)?, transcoder: ensure_transcoder(workspace, cache)? })
    }

    /// Builds the edge alone, if it is out of date; returns its folder.
    ///
    /// Same command as `[build]` in `wrangler.toml`; every tool is named so that none is fetched from the web.
    pub fn ensure_edge(workspace: &Workspace, cache: &Cache) -> Result<PathBuf> {
        let edge_dir = workspace.join("edge/build");
        let stamp_file = edge_dir.join("stamp");
        let stamp = stamp(workspace, &["edge/src", "edge/Cargo.toml", "package-lock.json"])?;
        if stamp.matches(&stamp_file) {
            return Ok(edge_dir);
        }
        let (cargo, _lock) = cache.cargo(workspace)?;
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
        stamp.write(&stamp_file)?;
        Ok(edge_dir)
    }
}

fn stamp(workspace: &Workspace, inputs: &[&str]) -> Result<Stamp> {
    SHARED_INPUTS.iter().chain(inputs).try_fold(Stamp::default(), |stamp, path| stamp.with_path(workspace.root(), path))
}

fn ensure_transcoder(workspace: &Workspace, cache: &Cache) -> Result<PathBuf> {
    let dir = workspace.output_dir().join("programs");
    let program = dir.join("bgless-transcoder");
    let stamp_file = dir.join("bgless-transcoder.stamp");
    let stamp = stamp(workspace, &["transcoder"])?;
    if stamp.matches(&stamp_file) && program.exists() {
        return Ok(program);
    }
    let (mut command, _lock) = cache.cargo(workspace)?;
    command.args(["build", "--release", "--package", "transcoder"]);
    step::run("transcoder, optimised", &mut command, ADVICE)?;
    replace_file(&cache.build_dir().join("release/bgless-transcoder"), &program)?;
    stamp.write(&stamp_file)?;
    Ok(program)
}

/// Puts a copy in place in one move: the old one may be running, and a program that runs cannot be written to.
pub(crate) fn replace_file(from: &Path, to: &Path) -> Result<()> {
    let dir = to.parent().context("a file has a folder")?;
    fs::create_dir_all(dir)?;
    let fresh = to.with_extension(format!("fresh-{}", std::process::id()));
    fs::copy(from, &fresh).with_context(|| format!("{} cannot be copied", from.display()))?;
    fs::rename(&fresh, to).with_context(|| format!("{} cannot be replaced", to.display()))
}
