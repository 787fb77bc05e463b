//! `cargo x bench keying`: quality and speed of the keyer beside ffmpeg's, on cases with a known
//! truth (`tests/keying`).

use anyhow::Result;

use super::python::Python;

/// Runs the bench; its options go to `bench.py`.
pub fn run(mut args: lexopt::Parser) -> Result<()> {
    let python = Python::prepare()?;
    let release = python.build_transcoder()?;
    let programs = [release.join("bgless-transcoder"), release.join("examples/key_frames")];
    python.run("keying/bench.py", &programs, "keying-cases", args.raw_args()?.collect())
}
