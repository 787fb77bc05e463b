//! `cargo x bench matting`: mattes without a coloured screen beside simpler means, on cases with a known truth, and how well
//! inference of matting models runs beside everything else (`tests/matting`).

use anyhow::Result;

use super::python::Python;
use crate::cache::Cache;
use crate::onnx_runtime;
use crate::workspace::Workspace;

/// Runs both; the options go to `bench.py`.
pub fn run(mut args: lexopt::Parser) -> Result<()> {
    let python = Python::prepare()?;
    let transcoder = python.build_transcoder()?.join("bgless-transcoder");
    let models = Workspace::find()?.join("transcoder/tests/models");
    let library = onnx_runtime::ensure(&Cache::open()?)?;
    python.run("matting/inference.py", &[transcoder.clone(), library, models], "matting-inference", Vec::new())?;
    python.run("matting/bench.py", &[transcoder], "matting-cases", args.raw_args()?.collect())
}
