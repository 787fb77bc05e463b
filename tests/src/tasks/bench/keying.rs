//! `cargo x bench keying`: quality and speed of the keyer beside ffmpeg's, on cases with a known truth (`tests/keying`).

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::cache::Cache;
use crate::step;
use crate::workspace::Workspace;

/// What the cases are made and scored with.
const PYTHON_PACKAGES: [&str; 2] = ["numpy==2.4.6", "opencv-python-headless==5.0.0.93"];

/// Runs the bench; its options go to `bench.py`.
pub fn run(mut args: lexopt::Parser) -> Result<()> {
    let (workspace, cache) = (Workspace::find()?, Cache::open()?);
    let options: Vec<_> = args.raw_args()?.collect();
    let packages = python_packages(&cache)?;
    let (transcoder, key_frames) = build(&workspace, &cache)?;
    let mut bench = Command::new("python3");
    bench.arg(workspace.join("tests/keying/bench.py")).args([transcoder, key_frames, cache.join("keying-cases")]).args(options);
    step::run_openly("keying", bench.env("PYTHONPATH", packages).env("PYTHONDONTWRITEBYTECODE", "1"), "see the lines above")
}

/// Into the cache, once for each set of versions.
fn python_packages(cache: &Cache) -> Result<PathBuf> {
    let dir = cache.tool_dir("python", &PYTHON_PACKAGES.join("-").replace("==", "-"));
    let _lock = cache.lock("setup")?;
    if !dir.join("done").exists() {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target"]).arg(&dir).args(PYTHON_PACKAGES);
        step::run("installing numpy and OpenCV for Python", &mut pip, "install Python 3 with pip, and try again")?;
        std::fs::write(dir.join("done"), "")?;
    }
    Ok(dir)
}

/// The transcoder, and its keyer alone.
fn build(workspace: &Workspace, cache: &Cache) -> Result<(PathBuf, PathBuf)> {
    let (mut cargo, _lock) = cache.cargo(workspace)?;
    cargo.args(["build", "--release", "-p", "transcoder", "--bins", "--example", "key_frames"]);
    step::run("building the transcoder", &mut cargo, "see the errors above")?;
    let release = cache.build_dir().join("release");
    Ok((release.join("bgless-transcoder"), release.join("examples/key_frames")))
}
