//! `cargo x bench qa`: whether the QA score ranks degraded results as their true error does
//! (`tests/keying`).

use anyhow::Result;

use super::python::Python;

/// Runs the bench; its options go to `qa.py`.
pub fn run(mut args: lexopt::Parser) -> Result<()> {
    let python = Python::prepare()?;
    let transcoder = python.build_transcoder()?.join("bgless-transcoder");
    python.run("keying/qa.py", &[transcoder], "keying-cases", args.raw_args()?.collect())
}
