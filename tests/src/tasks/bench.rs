//! `cargo x bench NAME`: measurements that compare two sides within one run. They print tables and
//! assert no time.

mod answers;
mod edge;
mod engine;
mod figures;
mod growth;
mod inference;
mod keying;
mod load;
mod matting;
pub(super) mod python;
mod qa;
mod seed;
mod workerd;

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::step;
use crate::terminal::print_line;

/// Something that can be measured.
struct Bench {
    name: &'static str,
    summary: &'static str,
    /// Options for the shortest run that reaches all of its code; `cargo x test` runs it.
    brief: &'static [&'static str],
    run: fn(lexopt::Parser) -> Result<()>,
}

const BENCHES: [Bench; 11] = [
    Bench {
        name: "edge",
        summary: "the edge against a Hono Worker that does the same work; --rounds N",
        brief: &["--rounds", "1"],
        run: edge::run,
    },
    Bench {
        name: "growth",
        summary: "the edge at a thousand jobs and at a million; --rounds N, --jobs N",
        brief: &["--rounds", "1", "--jobs", "2000"],
        run: growth::run,
    },
    Bench {
        name: "keying",
        summary: "the keyer against tuned textbook keyers; --seeds 1,2, --kinds hair,folds, --frames N, --speed hair, --speed-frames N",
        brief: &["--kinds", "hair,folds", "--frames", "2", "--speed", "hair", "--speed-frames", "2"],
        run: keying::run,
    },
    Bench {
        name: "inputs",
        summary: "whether keying is right on inputs with one difficulty each; --seeds 1,2, --only flicker,interlaced",
        brief: &["--only", "flicker"],
        run: keying::run_inputs,
    },
    Bench {
        name: "matting",
        summary: "matting models and static-camera on known mattes; --seeds 1,2, --kinds pan,room, --frames N, --size WxH, --sheet FILE",
        brief: &["--kinds", "room,still_camera", "--frames", "8", "--size", "320x180"],
        run: matting::run,
    },
    Bench {
        name: "inference",
        summary: "matting models: inference beside the rest of the pipeline; --frames N, --size WxH, --side N, --rows 1x1,2x4",
        brief: &["--frames", "4", "--size", "1200x1000", "--side", "256", "--rows", "1x1"],
        run: inference::run,
    },
    Bench {
        name: "outputs",
        summary: "all outputs of one run against one ffmpeg call each; --size WxH, --rate N, --seconds N",
        brief: &["--size", "160x90", "--rate", "10", "--seconds", "1"],
        run: engine::outputs,
    },
    Bench {
        name: "orchestration",
        summary: "the engine's encoding against the bare processes; --size WxH, --seconds N, --rounds N",
        brief: &["--size", "160x90", "--seconds", "1", "--rounds", "1"],
        run: engine::orchestration,
    },
    Bench {
        name: "memory",
        summary: "peak memory of ten seconds and of ten minutes; --size WxH, --rate N, --seconds 10,600",
        brief: &["--size", "160x90", "--rate", "5", "--seconds", "1,2"],
        run: engine::memory,
    },
    Bench {
        name: "qa",
        summary: "the QA score against the true error of degraded results; --seeds 1,2, --kinds hair,folds, --conditions drift,smoke",
        brief: &["--kinds", "hair", "--frames", "2", "--bases", "truth", "--conditions", "drift"],
        run: qa::run,
    },
    Bench {
        name: "qa-people",
        summary: "the QA score against the true error of degraded mattes of people; --seeds 1,2, --kinds pan,shake, --ways late, --frames N",
        brief: &["--kinds", "still_camera", "--ways", "late", "--frames", "2", "--size", "320x180"],
        run: qa::run_people,
    },
];

/// Runs the task.
pub fn run(mut args: lexopt::Parser) -> Result<()> {
    let Some(lexopt::Arg::Value(name)) = args.next()? else {
        print_line("cargo x bench NAME, where NAME is one of");
        for bench in &BENCHES {
            print_line(&format!("  {:13} {}", bench.name, bench.summary));
        }
        return Ok(());
    };
    match BENCHES.iter().find(|bench| bench.name == name) {
        Some(bench) => (bench.run)(args),
        None => bail!("no bench `{}`; `cargo x bench` lists them", name.display()),
    }
}

/// The names of all benches.
pub fn names() -> impl Iterator<Item = &'static str> {
    BENCHES.iter().map(|bench| bench.name)
}

/// Runs each bench whose name holds one of the words, all of them without words, with its smallest
/// sizes. Only a bench that fails shows its output: the figures of such a run mean nothing.
/// `program` is `cargo x` itself.
pub fn run_briefly(program: &Path, words: &[&str]) -> Result<()> {
    for bench in &BENCHES {
        if words.is_empty() || words.iter().any(|word| bench.name.contains(word)) {
            let mut command = Command::new(program);
            command.args(["bench", bench.name]).args(bench.brief);
            let advice = format!("`cargo x bench {} {}` shows the same.", bench.name, bench.brief.join(" "));
            step::run(&format!("bench {}, briefly", bench.name), &mut command, &advice)?;
        }
    }
    Ok(())
}
