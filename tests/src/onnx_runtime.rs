//! ONNX Runtime: installed into the cache out of its wheel on `PyPI`. Only its shared library is
//! used; a link to it is where transcoders look without a variable.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::cache::Cache;
use crate::pip;

/// The wheel.
const VERSION: &str = "1.32.0";
/// The link, below the cache. Source: `transcoder/src/data_folder.rs`.
const LINK: &str = if cfg!(target_os = "macos") { "onnxruntime/libonnxruntime.dylib" } else { "onnxruntime/libonnxruntime.so" };
/// The variable that names another library.
pub const VARIABLE: &str = "ORT_DYLIB_PATH";

/// The shared library: the caller's own, or that of the wheel, which is installed if it is not
/// there.
pub fn ensure(cache: &Cache) -> Result<PathBuf> {
    own().map_or_else(|| wheel(cache), Ok)
}

/// True if transcoders find the pinned version without a variable, or the caller names another.
#[must_use]
pub fn is_linked(cache: &Cache) -> bool {
    let library = fs::canonicalize(cache.join(LINK));
    own().is_some() || library.is_ok_and(|path| path.starts_with(folder(cache)))
}

/// Installs the wheel, and makes the link.
pub fn link(cache: &Cache) -> Result<()> {
    let (library, link) = (wheel(cache)?, cache.join(LINK));
    let fresh = link.with_extension("fresh");
    fs::create_dir_all(cache.join("onnxruntime"))?;
    fs::remove_file(&fresh).ok();
    std::os::unix::fs::symlink(library, &fresh)?;
    fs::rename(&fresh, &link).with_context(|| format!("{} cannot be made", link.display()))
}

/// The caller's own library.
fn own() -> Option<PathBuf> {
    std::env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// The folder into which pip installs the wheel.
fn folder(cache: &Cache) -> PathBuf {
    let folder = cache.tool_dir("onnxruntime", VERSION);
    fs::canonicalize(&folder).unwrap_or(folder)
}

fn wheel(cache: &Cache) -> Result<PathBuf> {
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
