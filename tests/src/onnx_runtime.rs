//! ONNX Runtime: installed into the cache on first use, out of its wheel on `PyPI`. Only its shared
//! library is used.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::cache::Cache;
use crate::pip;

/// The wheel.
const VERSION: &str = "1.31.1";
/// Where a transcoder looks for the library.
pub const VARIABLE: &str = "ORT_DYLIB_PATH";

/// The shared library: the caller's own, or that of the wheel, which is installed if it is not
/// there.
pub fn ensure(cache: &Cache) -> Result<PathBuf> {
    if let Some(path) = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()) {
        return Ok(path.into());
    }
    let package = format!("onnxruntime=={VERSION}");
    let advice = "Install Python 3.11 or later with pip, or set ORT_DYLIB_PATH to the shared library.";
    let folder = pip::ensure(cache, "onnxruntime", VERSION, &[&package], advice)?;
    let libraries = fs::read_dir(folder.join("onnxruntime/capi"))?.flatten().map(|entry| entry.path());
    let is_library = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.starts_with("libonnxruntime.") && !name.contains("providers")
    };
    libraries.into_iter().find(is_library).context("the wheel of ONNX Runtime holds no library")
}
