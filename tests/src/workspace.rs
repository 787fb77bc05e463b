//! The clone of the repository, and its paths.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result};

/// The members of the Cargo workspace, each in the folder of its name.
pub const MEMBERS: [&str; 7] = ["edge", "keyer", "model-import", "segmentation", "shared", "tests", "transcoder"];

/// One clone of the repository.
#[derive(Debug, Clone)]
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// Finds the clone that the program was started in.
    ///
    /// At run time, since another clone may have built the program in the shared target folder.
    pub fn find() -> Result<Self> {
        let start = match env::var_os("CARGO_MANIFEST_DIR") {
            Some(package) => PathBuf::from(package),
            None => env::current_dir()?,
        };
        let is_root = |dir: &&Path| {
            fs::read_to_string(dir.join("Cargo.toml")).is_ok_and(|manifest| manifest.lines().any(|line| line == "[workspace]"))
        };
        let root = start.ancestors().find(is_root).context("run this inside a clone: no Cargo workspace was found")?;
        Ok(Self { root: root.canonicalize()? })
    }

    /// The clone's top folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path inside the clone.
    #[must_use]
    pub fn join(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root.join(path)
    }

    /// The folder for everything that the tasks write; ignored by git.
    #[must_use]
    pub fn output_dir(&self) -> PathBuf {
        self.join("target")
    }

    /// Turns a path from the command line into an absolute one.
    pub fn absolute(path: impl AsRef<Path>) -> Result<PathBuf> {
        std::path::absolute(path).context("not a path")
    }
}
