//! `cargo x bench outputs`, `orchestration` and `memory`: the engine's cost compared with plain
//! ffmpeg (`tests/engine`).

use anyhow::Result;

use super::python::Python;

/// All outputs of one run beside one ffmpeg call per output.
pub fn outputs(args: lexopt::Parser) -> Result<()> {
    run("engine/outputs.py", args)
}

/// The engine's encoding beside the bare processes.
pub fn orchestration(args: lexopt::Parser) -> Result<()> {
    run("engine/orchestration.py", args)
}

/// Peak memory of a short clip and a long one.
pub fn memory(args: lexopt::Parser) -> Result<()> {
    run("engine/memory.py", args)
}

fn run(script: &str, mut args: lexopt::Parser) -> Result<()> {
    let python = Python::prepare()?;
    let transcoder = python.build_transcoder()?.join("bgless-transcoder");
    python.run(script, &[transcoder], "engine-clips", args.raw_args()?.collect())
}
