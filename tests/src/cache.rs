//! The cache that all clones of one user share: build tools and compiled dependencies, behind
//! locks.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::terminal::print_line;
use crate::workspace::{MEMBERS, Workspace};

/// The cache folder, outside of every clone.
#[derive(Debug, Clone)]
pub struct Cache {
    dir: PathBuf,
}

/// Held while something in the cache changes; released when dropped.
#[derive(Debug)]
pub struct CacheLock {
    _file: File,
}

impl Cache {
    /// Opens the data folder, and creates it.
    pub fn open() -> Result<Self> {
        let dir = model_import::data_folder().context("there is no home folder; set BGLESS_CACHE to a folder for build tools")?;
        let dir = std::path::absolute(dir)?;
        fs::create_dir_all(&dir).with_context(|| format!("the cache folder {} cannot be created", dir.display()))?;
        Ok(Self { dir })
    }

    /// The folder of one version of a tool.
    #[must_use]
    pub fn tool_dir(&self, name: &str, version: &str) -> PathBuf {
        self.dir.join("tools").join(format!("{name}-{version}"))
    }

    /// A path in the cache.
    #[must_use]
    pub fn join(&self, path: impl AsRef<Path>) -> PathBuf {
        self.dir.join(path)
    }

    /// Waits for the lock of this name, and takes it.
    pub fn lock(&self, name: &str) -> Result<CacheLock> {
        let path = self.dir.join(format!("{name}.lock"));
        let file = File::options().create(true).append(true).open(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                print_line(&format!("waiting for another `cargo x` ({name})"));
                file.lock()?;
            }
            Err(TryLockError::Error(error)) => return Err(error).context("the cache folder does not support locks"),
        }
        Ok(CacheLock { _file: file })
    }

    /// A cargo command that builds into the cache, and the lock to hold while it runs.
    ///
    /// In a target folder that two clones share, cargo compares file times alone and would use one
    /// clone's program for the other. So whenever another clone used the folder last, the members
    /// are built anew.
    pub fn cargo(&self, workspace: &Workspace) -> Result<(Command, CacheLock)> {
        let lock = self.lock("build")?;
        let build_dir = self.build_dir();
        fs::create_dir_all(&build_dir)?;
        let owner_file = build_dir.join("clone");
        let owner = workspace.root().as_os_str().as_encoded_bytes();
        if fs::read(&owner_file).ok().as_deref() != Some(owner) {
            invalidate_members(&build_dir)?;
            fs::write(&owner_file, owner)?;
        }
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.current_dir(workspace.root()).env("CARGO_TARGET_DIR", build_dir);
        Ok((command, lock))
    }

    /// The target folder of [`Self::cargo`].
    #[must_use]
    pub fn build_dir(&self) -> PathBuf {
        self.dir.join("build")
    }
}

/// Removes cargo's fingerprints of the members: `<profile>/.fingerprint/<member>-<hash>`, with or
/// without a target folder above.
fn invalidate_members(build_dir: &Path) -> Result<()> {
    for dir in child_dirs(build_dir) {
        for dir in child_dirs(&dir) {
            let notes = if dir.ends_with(".fingerprint") { dir } else { dir.join(".fingerprint") };
            for note in child_dirs(&notes) {
                let name = note.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let member = name.rsplit_once('-').map_or("", |(package, _)| package);
                if MEMBERS.contains(&member) {
                    fs::remove_dir_all(&note)?;
                }
            }
        }
    }
    Ok(())
}

fn child_dirs(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}
