//! Opens sessions of ONNX Runtime and bounds their runs in time.

use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use ort::session::builder::GraphOptimizationLevel;
use ort::session::{RunOptions, Session};

use super::limits::Limits;

/// Session option that forbids the fallback of operators to the CPU.
const NO_CPU: (&str, &str) = ("session.disable_cpu_ep_fallback", "1");
/// Error text of a session that would need this fallback.
const LEFT_TO_CPU: &str = "fallback to CPU EP has been explicitly disabled";

/// Opens a model's file. Takes longer than inference on a frame.
/// Errors: a sentence for the operator.
/// `is_single_threaded` gives it no share of the thread pool of all models: for models so small
/// that several sessions side by side are faster.
pub fn open(path: &Path, limits: &Limits, is_single_threaded: bool) -> Result<Session, String> {
    if !path.is_file() {
        return Err(format!("{} is missing", path.display()));
    }
    let told = |error: &dyn std::fmt::Display| match error.to_string() {
        words if words.contains(LEFT_TO_CPU) => {
            "parts of it would be left to the processor: add cpu to the end of MATTING_PROVIDERS to have it so".to_owned()
        }
        words => format!("the file is no model that ONNX Runtime can run: {}", first_line(&words)),
    };
    let builder = Session::builder().map_err(|error| told(&error))?;
    let mut builder = builder.with_optimization_level(GraphOptimizationLevel::All).map_err(|error| told(&error))?;
    if is_single_threaded {
        builder = builder.with_independent_thread_pool().map_err(|error| told(&error))?;
        builder = builder.with_intra_threads(1).map_err(|error| told(&error))?;
    }
    if !limits.providers.allow_cpu() {
        builder = builder.with_config_entry(NO_CPU.0, NO_CPU.1).map_err(|error| told(&error))?;
    }
    let mut builder = builder
        .with_execution_providers(limits.providers.dispatches())
        .map_err(|error| format!("MATTING_PROVIDERS: {}", first_line(&error.to_string())))?;
    builder.commit_from_file(path).map_err(|error| told(&error))
}

/// ONNX Runtime's messages may be a page long and name its source files.
fn first_line(words: &str) -> &str {
    words.lines().next().unwrap_or_default()
}

/// Runs, and terminates the run from another thread once `limit` is over.
pub fn bounded<T>(limit: Duration, options: &RunOptions, run: impl FnOnce() -> T) -> T {
    std::thread::scope(|scope| {
        let (running, ended) = channel::<()>();
        scope.spawn(move || {
            if ended.recv_timeout(limit) == Err(RecvTimeoutError::Timeout)
                && let Err(error) = options.terminate()
            {
                tracing::warn!(%error, "a model that is too slow cannot be ended");
            }
        });
        let outcome = run();
        drop(running);
        outcome
    })
}
