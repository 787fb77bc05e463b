//! `cargo x bench inference`: how well inference of matting models runs beside the rest of the
//! pipeline (`tests/matting`).

use anyhow::Result;

use super::python::Python;
use crate::cache::Cache;
use crate::onnx_runtime;
use crate::workspace::Workspace;

/// Runs the bench; its options go to `inference.py`.
pub fn run(mut args: lexopt::Parser) -> Result<()> {
    let python = Python::prepare()?;
    let transcoder = python.build_transcoder()?.join("bgless-transcoder");
    let models = Workspace::find()?.join("transcoder/tests/models");
    let library = onnx_runtime::ensure(&Cache::open()?)?;
    python.run("matting/inference.py", &[transcoder, library, models], "matting-inference", args.raw_args()?.collect())
}
