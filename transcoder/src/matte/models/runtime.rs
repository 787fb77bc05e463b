//! Loads ONNX Runtime with the first model: a shared library that the operator installs, neither
//! linked nor downloaded.

use std::path::PathBuf;
use std::sync::OnceLock;

use ort::environment::GlobalThreadPoolOptions;

use super::limits::Limits;
use super::provider;
use crate::data_folder;

/// Variables with the path of the library; the first that is set counts.
const LIBRARY_VARIABLES: [&str; 2] = ["ORT_DYLIB_PATH", "ONNXRUNTIME_LIB"];

static LOADED: OnceLock<Result<(), String>> = OnceLock::new();

/// Loads the library once per process and checks that it has the configured providers.
/// Errors: a sentence for the operator.
pub fn load(limits: &Limits) -> Result<(), String> {
    LOADED.get_or_init(|| load_once(limits)).clone()
}

fn load_once(limits: &Limits) -> Result<(), String> {
    let named = LIBRARY_VARIABLES.into_iter().find_map(|name| std::env::var_os(name).filter(|path| !path.is_empty()));
    // Last, a name without a folder: the system's loader searches for it.
    let path = named.map(PathBuf::from).or_else(data_folder::onnx_runtime).unwrap_or_else(|| PathBuf::from(data_folder::LIBRARY));
    let environment = ort::init_from(&path).map_err(|error| {
        format!("ONNX Runtime cannot be loaded ({error}); install it by `cargo x setup`, or set ORT_DYLIB_PATH to its shared library, 1.18 or later")
    })?;
    let pool = threads(limits.threads).map_err(|error| format!("ONNX Runtime's threads cannot be set: {error}"))?;
    environment.with_name("bgless").with_telemetry(false).with_global_thread_pool(pool).commit();
    tracing::info!(path = %path.display(), providers = provider::available().join(", "), "ONNX Runtime is loaded");
    limits.providers.check(&path)
}

/// A thread pool that all models share, whatever the number of clips; idle threads do not spin, so
/// that decoders and encoders get the cores.
fn threads(count: usize) -> ort::Result<GlobalThreadPoolOptions> {
    GlobalThreadPoolOptions::default().with_intra_threads(count)?.with_spin_control(false)
}
