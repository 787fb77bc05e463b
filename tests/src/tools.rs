//! The versions that belong together, and where each tool is found.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::cache::Cache;
use crate::workspace::Workspace;

/// Equal to the `wasm-bindgen` crate in `Cargo.lock`, or the glue does not fit the wasm.
pub const WASM_BINDGEN_VERSION: &str = "0.2.129";
/// Equal to the `worker` crate in `Cargo.lock`.
pub const WORKER_BUILD_VERSION: &str = "0.8.7";
/// The crates that are released together with the two tools above.
pub const PINNED_CRATES: [(&str, &str); 5] = [
    ("worker", WORKER_BUILD_VERSION),
    ("wasm-bindgen", WASM_BINDGEN_VERSION),
    ("wasm-bindgen-futures", "0.4.79"),
    ("js-sys", "0.3.106"),
    ("web-sys", "0.3.106"),
];
/// The compiler target of the edge.
pub const WASM_TARGET: &str = "wasm32-unknown-unknown";
/// What wrangler refuses to run below.
pub const NODE_VERSION_MIN: (u32, u32) = (22, 12);
/// What the lints and the standard library calls need.
pub const RUSTC_VERSION_MIN: (u32, u32) = (1, 91);
/// What the transcoder, the demo and the tests encode with.
pub const FFMPEG_ENCODERS: [&str; 6] = ["libvpx-vp9", "prores_ks", "libx264", "libopus", "aac", "pcm_s16le"];

/// Where the tools of one clone are.
#[derive(Debug, Clone)]
pub struct Tools {
    workspace: Workspace,
    cache: Cache,
}

impl Tools {
    /// Names the places; whether something is there is another question.
    #[must_use]
    pub fn new(workspace: &Workspace, cache: &Cache) -> Self {
        Self { workspace: workspace.clone(), cache: cache.clone() }
    }

    /// `wasm-bindgen`, of exactly the pinned version.
    #[must_use]
    pub fn wasm_bindgen(&self) -> PathBuf {
        self.cache.tool_dir("wasm-bindgen", WASM_BINDGEN_VERSION).join("bin/wasm-bindgen")
    }

    /// `worker-build`, of exactly the pinned version.
    #[must_use]
    pub fn worker_build(&self) -> PathBuf {
        self.cache.tool_dir("worker-build", WORKER_BUILD_VERSION).join("bin/worker-build")
    }

    /// A program that an npm package brings.
    #[must_use]
    pub fn npm_bin(&self, name: &str) -> PathBuf {
        self.workspace.join("node_modules/.bin").join(name)
    }

    /// Node for wrangler: the packaged one where npm has it for this platform, else the system's.
    #[must_use]
    pub fn node(&self) -> PathBuf {
        let packaged = self.npm_bin("node");
        if packaged.exists() { packaged } else { PathBuf::from("node") }
    }

    /// A wrangler command that asks nothing, tells nobody, and writes nothing outside of `state`.
    pub fn wrangler(&self, state: &std::path::Path) -> Result<Command> {
        let mut command = Command::new(self.node());
        command
            .arg(self.workspace.join("node_modules/wrangler/bin/wrangler.js"))
            .current_dir(self.workspace.root())
            .env("PATH", self.path()?)
            .env("CI", "1")
            .env("NO_COLOR", "1")
            .env("CLOUDFLARE_CF_FETCH_ENABLED", "false")
            .env("WRANGLER_SEND_METRICS", "false")
            .env("WRANGLER_SEND_ERROR_REPORTS", "false")
            .env("WRANGLER_LOG_PATH", state.join("wrangler-logs"))
            // Two stacks must not find each other's Workers by name.
            .env("WRANGLER_REGISTRY_PATH", state.join("registry"));
        Ok(command)
    }

    /// The search path with the npm programs first: some are scripts that want the right Node.
    pub fn path(&self) -> Result<std::ffi::OsString> {
        let inherited = env::var_os("PATH").unwrap_or_default();
        let dirs = std::iter::once(self.workspace.join("node_modules/.bin")).chain(env::split_paths(&inherited));
        env::join_paths(dirs).context("PATH holds a folder that cannot be passed on")
    }
}

/// Whether a program of this name is on the search path.
#[must_use]
pub fn is_on_path(name: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|dir| dir.join(name).is_file())
}

/// What a program prints, or nothing when it cannot be run or fails.
#[must_use]
pub fn output_of(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()
}

/// The first `major.minor` in a version line.
#[must_use]
pub fn parse_version(text: &str) -> Option<(u32, u32)> {
    let start = text.find(|character: char| character.is_ascii_digit())?;
    let mut numbers = text.get(start..)?.split(|character: char| !character.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_tools_print() {
        for (text, expected) in [
            ("rustc 1.95.0 (59807616e 2026-04-14)", Some((1, 95))),
            ("v22.23.3\n", Some((22, 23))),
            ("ffmpeg version 5.1.9-0+deb12u1 Copyright", Some((5, 1))),
            ("no version", None),
            ("version 5", None),
        ] {
            assert_eq!(parse_version(text), expected, "{text}");
        }
    }
}
