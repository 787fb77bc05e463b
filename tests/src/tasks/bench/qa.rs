//! `cargo x bench qa` and `qa-people`: whether the QA score ranks degraded results as their true
//! error does (`tests/keying`, `tests/matting`).

use anyhow::Result;

use super::python::Python;

/// Runs the bench on keyed clips; its options go to `qa.py` of `tests/keying`.
pub fn run(mut args: lexopt::Parser) -> Result<()> {
    let python = Python::prepare()?;
    let transcoder = python.build_transcoder()?.join("bgless-transcoder");
    python.run("keying/qa.py", &[transcoder], "keying-cases", args.raw_args()?.collect())
}

/// Runs the bench on people without a screen; its options go to `qa.py` of `tests/matting`.
pub fn run_people(mut args: lexopt::Parser) -> Result<()> {
    let python = Python::prepare()?;
    let transcoder = python.build_transcoder()?.join("bgless-transcoder");
    python.run("matting/qa.py", &[transcoder], "matting-cases", args.raw_args()?.collect())
}
