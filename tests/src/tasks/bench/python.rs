//! Scripts in Python, of benches and of the demo: their packages, and the programs that benches
//! measure.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::cache::Cache;
use crate::workspace::Workspace;
use crate::{pip, step};

/// The packages with which clips are generated and compared.
const PACKAGES: [&str; 3] = ["numpy==2.4.6", "opencv-python-headless==5.0.0.93", "pillow==12.3.0"];

/// The environment of a script in Python.
pub struct Python {
    workspace: Workspace,
    cache: Cache,
    packages: PathBuf,
}

impl Python {
    /// Installs the packages into the cache, once for each set of versions.
    pub fn prepare() -> Result<Self> {
        let (workspace, cache) = (Workspace::find()?, Cache::open()?);
        let versions = PACKAGES.join("-").replace("==", "-");
        let packages = pip::ensure(&cache, "python", &versions, &PACKAGES, "Install Python 3 with pip, and try again.")?;
        Ok(Self { workspace, cache, packages })
    }

    /// Builds the optimised transcoder and its examples; returns the folder of the programs.
    pub fn build_transcoder(&self) -> Result<PathBuf> {
        let (mut cargo, _lock) = self.cache.cargo(&self.workspace)?;
        cargo.args(["build", "--release", "-p", "transcoder", "--bins", "--examples"]);
        step::run("transcoder and examples, optimised", &mut cargo, "The errors are named above.")?;
        Ok(self.cache.build_dir().join("release"))
    }

    /// Builds an optimised example of a crate; returns its path.
    pub fn build_example(&self, package: &str, name: &str) -> Result<PathBuf> {
        let (mut cargo, _lock) = self.cache.cargo(&self.workspace)?;
        cargo.args(["build", "--release", "-p", package, "--example", name]);
        step::run(&format!("{package}'s example {name}, optimised"), &mut cargo, "The errors are named above.")?;
        Ok(self.cache.build_dir().join("release/examples").join(name))
    }

    /// Runs a script below `tests` with the paths of programs, a folder in the cache, and the
    /// options of the command line. Its output is shown.
    pub fn run(&self, script: &str, programs: &[PathBuf], folder: &str, options: Vec<OsString>) -> Result<()> {
        let mut bench = self.command(script);
        bench.args(programs).arg(self.cache.join(folder)).args(options);
        step::run_openly(script, &mut bench, "The lines above say why.")
    }

    /// Runs a script below `tests` that writes files into the folders. Its output is shown only
    /// when it fails.
    pub fn generate(&self, title: &str, script: &str, folders: &[PathBuf]) -> Result<()> {
        step::run(title, self.command(script).args(folders), "The lines above say why.")
    }

    fn command(&self, script: &str) -> Command {
        let mut python = Command::new("python3");
        python.arg(self.workspace.join("tests").join(script));
        python.env("PYTHONPATH", &self.packages).env("PYTHONDONTWRITEBYTECODE", "1");
        python
    }
}
