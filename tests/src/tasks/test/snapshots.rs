//! Snapshots of `insta`: a mismatch fails, unless `INSTA_UPDATE` is set; so does a snapshot that no
//! test compares.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use crate::workspace::Workspace;

/// `always` overwrites snapshots that differ; `new` writes the new ones beside them, for
/// `cargo insta review`.
const UPDATE: &str = "INSTA_UPDATE";

/// The file in which `insta` lists each snapshot that a test compared.
#[derive(Debug)]
pub struct SnapshotReferences(PathBuf);

impl SnapshotReferences {
    /// Starts an empty list.
    pub fn new(workspace: &Workspace) -> Result<Self> {
        fs::create_dir_all(workspace.output_dir())?;
        let path = workspace.output_dir().join("snapshot-references");
        fs::write(&path, "")?;
        Ok(Self(path))
    }

    /// The variables for `insta`.
    pub fn env(&self, workspace: &Workspace) -> [(&'static str, OsString); 3] {
        let update = std::env::var_os(UPDATE).unwrap_or_else(|| "no".into());
        [
            (UPDATE, update),
            ("INSTA_SNAPSHOT_REFERENCES_FILE", self.0.clone().into()),
            ("INSTA_WORKSPACE_ROOT", workspace.root().into()),
        ]
    }

    /// Fails when no test compared a committed snapshot: its test was removed or renamed.
    pub fn check_all_used(&self, workspace: &Workspace) -> Result<()> {
        let used: BTreeSet<PathBuf> =
            fs::read_to_string(&self.0)?.lines().filter_map(|line| Path::new(line).canonicalize().ok()).collect();
        let mut committed = Vec::new();
        find(&workspace.join("tests/tests"), &mut committed)?;
        let unused: Vec<String> =
            committed.iter().filter(|path| !used.contains(*path)).map(|path| path.display().to_string()).collect();
        ensure!(unused.is_empty(), "no test compares these snapshots; remove them:\n{}", unused.join("\n"));
        Ok(())
    }
}

/// Finds `*.snap` in a folder and below.
fn find(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "snap") {
            found.push(path.canonicalize()?);
        }
    }
    Ok(())
}
