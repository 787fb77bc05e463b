//! `cargo x bench matting`: matting models on people before moving backgrounds, and static-camera
//! mattes beside a tuned threshold, on cases with a known truth (`tests/matting`).

use std::path::PathBuf;

use anyhow::Result;

use super::python::Python;
use crate::cache::Cache;
use crate::onnx_runtime;

/// The files and folders in which models are looked for, separated by `:`, as the transcoder reads
/// it.
const MODELS_VARIABLE: &str = "MATTING_MODELS";

/// Runs the bench; its options go to `bench.py`.
pub fn run(mut args: lexopt::Parser) -> Result<()> {
    let python = Python::prepare()?;
    let transcoder = python.build_transcoder()?.join("bgless-transcoder");
    let cache = Cache::open()?;
    let library = onnx_runtime::ensure(&cache)?;
    let named = std::env::var_os(MODELS_VARIABLE).filter(|value| !value.is_empty());
    let models = named.map_or_else(|| cache.join("models"), PathBuf::from);
    python.run("matting/bench.py", &[transcoder, library, models], "matting-cases", args.raw_args()?.collect())
}
