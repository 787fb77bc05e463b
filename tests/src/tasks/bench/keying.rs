//! `cargo x bench keying`: quality and speed of the keyer beside textbook keyers that are tuned to
//! each case, on cases with a known truth (`tests/keying`).

use anyhow::Result;

use super::python::Python;

/// Runs the bench; its options go to `bench.py`.
pub fn run(mut args: lexopt::Parser) -> Result<()> {
    let python = Python::prepare()?;
    let transcoder = python.build_transcoder()?.join("bgless-transcoder");
    let key_clip = python.build_example("keyer", "key_clip")?;
    python.run("keying/bench.py", &[transcoder, key_clip], "keying-cases", args.raw_args()?.collect())
}

/// Runs short inputs with one difficulty each, and says whether the result is right; the options go
/// to `inputs.py`.
pub fn run_inputs(mut args: lexopt::Parser) -> Result<()> {
    let python = Python::prepare()?;
    let transcoder = python.build_transcoder()?.join("bgless-transcoder");
    python.run("keying/inputs.py", &[transcoder], "keying-inputs", args.raw_args()?.collect())
}
