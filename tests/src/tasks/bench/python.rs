//! Benches that are written in Python: their packages, and the programs that they measure.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::cache::Cache;
use crate::step;
use crate::workspace::Workspace;

/// What clips are made and compared with.
const PACKAGES: [&str; 3] = ["numpy==2.4.6", "opencv-python-headless==5.0.0.93", "pillow==12.3.0"];

/// What a bench in Python needs.
pub struct Python {
    workspace: Workspace,
    cache: Cache,
    packages: PathBuf,
}

impl Python {
    /// Installs the packages into the cache, once for each set of versions.
    pub fn prepare() -> Result<Self> {
        let (workspace, cache) = (Workspace::find()?, Cache::open()?);
        let packages = cache.tool_dir("python", &PACKAGES.join("-").replace("==", "-"));
        let _lock = cache.lock("setup")?;
        if !packages.join("done").exists() {
            let mut pip = Command::new("python3");
            pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target"]);
            let what = "installing numpy, OpenCV and Pillow for Python";
            step::run(what, pip.arg(&packages).args(PACKAGES), "install Python 3 with pip, and try again")?;
            std::fs::write(packages.join("done"), "")?;
        }
        Ok(Self { workspace, cache, packages })
    }

    /// Builds the transcoder for speed; the folder of its programs.
    pub fn build_transcoder(&self) -> Result<PathBuf> {
        let (mut cargo, _lock) = self.cache.cargo(&self.workspace)?;
        cargo.args(["build", "--release", "-p", "transcoder", "--bins", "--examples"]);
        step::run("building the transcoder", &mut cargo, "see the errors above")?;
        Ok(self.cache.build_dir().join("release"))
    }

    /// Runs a script below `tests` with programs, a folder in the cache, and the caller's own options.
    pub fn run(&self, script: &str, programs: &[PathBuf], folder: &str, options: Vec<OsString>) -> Result<()> {
        let mut bench = Command::new("python3");
        bench.arg(self.workspace.join("tests").join(script)).args(programs).arg(self.cache.join(folder)).args(options);
        bench.env("PYTHONPATH", &self.packages).env("PYTHONDONTWRITEBYTECODE", "1");
        step::run_openly(script, &mut bench, "see the lines above")
    }
}
