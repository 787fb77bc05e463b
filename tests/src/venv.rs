//! Python environments with pinned packages and all that these depend on, in the cache.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::cache::Cache;
use crate::fingerprint::Fingerprint;
use crate::step;
use crate::workspace::Workspace;

/// Installs the packages of `tests/<name>/requirements.txt` where they are missing; returns the
/// folder.
pub fn ensure(name: &str) -> Result<PathBuf> {
    let (workspace, cache) = (Workspace::find()?, Cache::open()?);
    let _lock = cache.lock(name)?;
    let requirements = format!("tests/{name}/requirements.txt");
    let venv = cache.join(format!("tools/{name}"));
    let fingerprint = Fingerprint::default().with_path(workspace.root(), &requirements)?;
    let fingerprint_file = venv.join("bgless-fingerprint");
    if !fingerprint.matches(&fingerprint_file) {
        let mut create = Command::new("python3");
        create.args(["-m", "venv", "--clear"]).arg(&venv);
        step::run(
            &format!("Python environment for {name}"),
            &mut create,
            "Install Python 3.11 or later with venv (Debian: apt-get install python3-venv).",
        )?;
        let mut install = Command::new(venv.join("bin/pip"));
        install.args(["install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(workspace.join(&requirements));
        step::run(name, &mut install, "Is PyPI reachable?")?;
        fingerprint.write(&fingerprint_file)?;
    }
    Ok(venv)
}
