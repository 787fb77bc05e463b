//! Packages of `PyPI`, installed by pip into a folder of the cache without what they depend on:
//! every version is pinned by the caller.
//!
//! The folder is put into `PYTHONPATH`; the programs of packages are in its `bin`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::cache::Cache;
use crate::fingerprint::Fingerprint;
use crate::step;
use crate::workspace::Workspace;

/// Installs packages (`name==version`) into the folder `name-version`, if it is not there. Returns
/// the folder.
pub fn ensure(cache: &Cache, name: &str, version: &str, packages: &[&str], advice: &str) -> Result<PathBuf> {
    let folder = cache.tool_dir(name, version);
    let _lock = cache.lock(name)?;
    if !folder.exists() {
        let partial = cache.tool_dir(name, &format!("{version}.partial"));
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--upgrade", "--target"]);
        step::run(&format!("{name} {version}, from PyPI"), pip.arg(&partial).args(packages), advice)?;
        fs::rename(&partial, &folder).with_context(|| format!("{} cannot be moved into place", partial.display()))?;
    }
    Ok(folder)
}

/// Installs the packages that `tests/NAME/requirements.txt` pins, all of them, as [`ensure`] does.
pub fn ensure_required(name: &str) -> Result<PathBuf> {
    let (workspace, cache) = (Workspace::find()?, Cache::open()?);
    let path = format!("tests/{name}/requirements.txt");
    let text = fs::read_to_string(workspace.join(&path)).with_context(|| format!("{path} cannot be read"))?;
    let packages: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let version = Fingerprint::default().with(&packages).to_string();
    ensure(&cache, name, &version, &packages, "Install Python 3.11 or later with pip. Is PyPI reachable?")
}
