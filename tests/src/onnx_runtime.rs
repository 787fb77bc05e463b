//! ONNX Runtime: installed into the cache on first use, out of its wheel on `PyPI`. Only its shared library is used.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::cache::Cache;
use crate::step;

/// The wheel.
const VERSION: &str = "1.31.1";
/// Where a transcoder looks for the library.
pub const VARIABLE: &str = "ORT_DYLIB_PATH";

/// The shared library: the caller's own, or that of the wheel, which is installed if it is not there.
pub fn ensure(cache: &Cache) -> Result<PathBuf> {
    if let Some(path) = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()) {
        return Ok(path.into());
    }
    let folder = cache.tool_dir("onnxruntime", VERSION);
    let _lock = cache.lock("onnxruntime")?;
    if !folder.exists() {
        let partial = cache.tool_dir("onnxruntime", &format!("{VERSION}.partial"));
        let mut pip = Command::new("python3");
        // Without what its Python part needs.
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--upgrade", "--target"]);
        pip.arg(&partial).arg(format!("onnxruntime=={VERSION}"));
        step::run("ONNX Runtime", &mut pip, "Install Python 3.11 or later with pip, or set ORT_DYLIB_PATH to its library.")?;
        fs::rename(&partial, &folder).with_context(|| format!("{} cannot be moved into place", partial.display()))?;
    }
    let libraries = fs::read_dir(folder.join("onnxruntime/capi"))?.flatten().map(|entry| entry.path());
    let is_library = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.starts_with("libonnxruntime.") && !name.contains("providers")
    };
    libraries.into_iter().find(is_library).context("the wheel of ONNX Runtime holds no library")
}
