//! Pinned tool versions, and the paths of the tools.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::cache::Cache;
use crate::workspace::Workspace;

/// Must equal the version of the `wasm-bindgen` crate in `Cargo.lock`.
pub const WASM_BINDGEN_VERSION: &str = "0.2.129";
/// Must equal the version of the `worker` crate in `Cargo.lock`.
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
/// The minimum of wrangler.
pub const NODE_VERSION_MIN: (u32, u32) = (22, 12);
/// The `rust-version` of `Cargo.toml`.
pub const RUSTC_VERSION_MIN: (u32, u32) = (1, 94);
/// The encoders that the transcoder, the demo and the tests use.
pub const FFMPEG_ENCODERS: [&str; 8] =
    ["libvpx-vp9", "prores_ks", "libx264", "libwebp", "libopus", "libmp3lame", "aac", "pcm_s16le"];

/// The tools of one clone.
#[derive(Debug, Clone)]
pub struct Tools {
    workspace: Workspace,
    cache: Cache,
}

impl Tools {
    /// Does not check that the tools are installed.
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

    /// A program of an npm package.
    #[must_use]
    pub fn npm_bin(&self, name: &str) -> PathBuf {
        self.workspace.join("node_modules/.bin").join(name)
    }

    /// Node.js for wrangler: that of npm where it exists for this platform, else the system's.
    #[must_use]
    pub fn node(&self) -> PathBuf {
        let packaged = self.npm_bin("node");
        if packaged.exists() { packaged } else { PathBuf::from("node") }
    }

    /// A wrangler command that is not interactive, sends no metrics, and writes nothing outside of
    /// `state`.
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
            // Else two stacks would find each other's Workers by name.
            .env("WRANGLER_REGISTRY_PATH", state.join("registry"));
        Ok(command)
    }

    /// The search path with the npm programs first: some are scripts that need the packaged
    /// Node.js.
    pub fn path(&self) -> Result<std::ffi::OsString> {
        let inherited = env::var_os("PATH").unwrap_or_default();
        let dirs = std::iter::once(self.workspace.join("node_modules/.bin")).chain(env::split_paths(&inherited));
        env::join_paths(dirs).context("PATH holds a folder that cannot be part of it")
    }
}

/// Whether a program of this name is on the search path.
#[must_use]
pub fn is_on_path(name: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|dir| dir.join(name).is_file())
}

/// The standard output of a program; none when it cannot be started or fails.
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
