//! ONNX Runtime, loaded when the first model is: a shared library that the operator has, never linked, never downloaded.

use std::path::PathBuf;
use std::sync::OnceLock;

/// Where operators say where the library is; the first that is set counts.
const LIBRARY_VARIABLES: [&str; 2] = ["ORT_DYLIB_PATH", "ONNXRUNTIME_LIB"];
/// Found by the system's loader.
const LIBRARY: &str = if cfg!(target_os = "macos") { "libonnxruntime.dylib" } else { "libonnxruntime.so" };

static LOADED: OnceLock<Result<(), String>> = OnceLock::new();

/// Loads it, once for this process.
/// Errors: a sentence for the operator.
pub fn load() -> Result<(), String> {
    LOADED.get_or_init(load_once).clone()
}

fn load_once() -> Result<(), String> {
    let named = LIBRARY_VARIABLES.into_iter().find_map(|name| std::env::var_os(name).filter(|path| !path.is_empty()));
    let path = named.map_or_else(|| PathBuf::from(LIBRARY), PathBuf::from);
    let environment = ort::init_from(&path).map_err(|error| {
        format!("ONNX Runtime cannot be loaded ({error}); set ORT_DYLIB_PATH to its shared library, 1.18 or later")
    })?;
    environment.with_name("bgless").with_telemetry(false).commit();
    tracing::info!(path = %path.display(), "ONNX Runtime is loaded");
    Ok(())
}
