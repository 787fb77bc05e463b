//! `cargo x bench matting`: static-camera mattes beside a tuned threshold, on cases with a known
//! truth (`tests/matting`).

use anyhow::Result;

use super::python::Python;

/// Runs the bench; its options go to `bench.py`.
pub fn run(mut args: lexopt::Parser) -> Result<()> {
    let python = Python::prepare()?;
    let transcoder = python.build_transcoder()?.join("bgless-transcoder");
    python.run("matting/bench.py", &[transcoder], "matting-cases", args.raw_args()?.collect())
}
