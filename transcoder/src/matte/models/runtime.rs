//! ONNX Runtime, loaded when the first model is: a shared library that the operator has, never linked, never downloaded.

use std::path::PathBuf;
use std::sync::OnceLock;

use ort::environment::GlobalThreadPoolOptions;

use super::model::Limits;
use super::provider;

/// Where operators say where the library is; the first that is set counts.
const LIBRARY_VARIABLES: [&str; 2] = ["ORT_DYLIB_PATH", "ONNXRUNTIME_LIB"];
/// Found by the system's loader.
const LIBRARY: &str = if cfg!(target_os = "macos") { "libonnxruntime.dylib" } else { "libonnxruntime.so" };

static LOADED: OnceLock<Result<(), String>> = OnceLock::new();

/// Loads it, once for this process, and looks whether it has what the operator wants.
/// Errors: a sentence for the operator.
pub fn load(limits: &Limits) -> Result<(), String> {
    LOADED.get_or_init(|| load_once(limits)).clone()
}

fn load_once(limits: &Limits) -> Result<(), String> {
    let named = LIBRARY_VARIABLES.into_iter().find_map(|name| std::env::var_os(name).filter(|path| !path.is_empty()));
    let path = named.map_or_else(|| PathBuf::from(LIBRARY), PathBuf::from);
    let environment = ort::init_from(&path).map_err(|error| {
        format!("ONNX Runtime cannot be loaded ({error}); set ORT_DYLIB_PATH to its shared library, 1.18 or later")
    })?;
    let pool = threads(limits.threads).map_err(|error| format!("ONNX Runtime's threads cannot be set: {error}"))?;
    environment.with_name("bgless").with_telemetry(false).with_global_thread_pool(pool).commit();
    tracing::info!(path = %path.display(), providers = provider::there().join(", "), "ONNX Runtime is loaded");
    limits.providers.check(&path)
}

/// Threads that all models share: there are no more of them however many clips are matted at once, and those that have
/// nothing to do leave the cores to decoders and encoders.
fn threads(count: usize) -> ort::Result<GlobalThreadPoolOptions> {
    GlobalThreadPoolOptions::default().with_intra_threads(count)?.with_spin_control(false)
}
