//! A folder with pinned packages of `PyPI`, installed into the cache on first use.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::cache::Cache;
use crate::stamp::Stamp;
use crate::step;
use crate::workspace::Workspace;

/// Installs what `tests/<name>/requirements.txt` lists, if it is not there; answers where.
pub fn ensure(name: &str) -> Result<PathBuf> {
    let (workspace, cache) = (Workspace::find()?, Cache::open()?);
    let _lock = cache.lock(name)?;
    let requirements = format!("tests/{name}/requirements.txt");
    let venv = cache.join(format!("tools/{name}"));
    let stamp = Stamp::default().with_path(workspace.root(), &requirements)?;
    let stamp_file = venv.join("bgless-stamp");
    if !stamp.matches(&stamp_file) {
        let mut create = Command::new("python3");
        create.args(["-m", "venv", "--clear"]).arg(&venv);
        step::run(
            &format!("a place for {name}"),
            &mut create,
            "Install Python 3.10 or later with venv (Debian: apt-get install python3-venv).",
        )?;
        let mut install = Command::new(venv.join("bin/pip"));
        install.args(["install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(workspace.join(&requirements));
        step::run(name, &mut install, "Is PyPI reachable?")?;
        stamp.write(&stamp_file)?;
    }
    Ok(venv)
}
