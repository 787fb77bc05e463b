//! `cargo x bench NAME`: measurements, side by side in one run. They print tables and assert no time.

mod answers;
mod edge;
mod engine;
mod figures;
mod growth;
mod keying;
mod load;
mod matting;
mod python;
mod qa;
mod seed;
mod workerd;

use anyhow::{Result, bail};

use crate::terminal::say;

/// Something that can be measured.
struct Bench {
    name: &'static str,
    summary: &'static str,
    run: fn(lexopt::Parser) -> Result<()>,
}

const BENCHES: [Bench; 8] = [
    Bench { name: "edge", summary: "the edge against a Hono worker that does the same; --rounds N", run: edge::run },
    Bench { name: "growth", summary: "the edge at a thousand jobs and at a million; --rounds N, --jobs N", run: growth::run },
    Bench {
        name: "keying",
        summary: "the keyer against ffmpeg's, tuned; --seeds 1,2, --kinds hair,blur, --frames N",
        run: keying::run,
    },
    Bench {
        name: "matting",
        summary: "mattes of a still camera against a tuned threshold; --seeds 1,2, --kinds room,pause, --frames N, --size WxH",
        run: matting::run,
    },
    Bench {
        name: "outputs",
        summary: "all outputs of one run against one ffmpeg call each; --size WxH, --rate N, --seconds N",
        run: engine::outputs,
    },
    Bench {
        name: "orchestration",
        summary: "the engine's encoding against the bare processes; --size WxH, --seconds N, --rounds N",
        run: engine::orchestration,
    },
    Bench {
        name: "memory",
        summary: "ten seconds against ten minutes; --size WxH, --rate N, --seconds 10,600",
        run: engine::memory,
    },
    Bench {
        name: "qa",
        summary: "the QA score against the true error of spoiled results; --seeds 1,2, --kinds hair,blur, --bases truth,keyed",
        run: qa::run,
    },
];

/// Runs the task.
pub fn run(mut args: lexopt::Parser) -> Result<()> {
    let Some(lexopt::Arg::Value(name)) = args.next()? else {
        say("cargo x bench NAME, where NAME is one of");
        for bench in &BENCHES {
            say(&format!("  {:13} {}", bench.name, bench.summary));
        }
        return Ok(());
    };
    match BENCHES.iter().find(|bench| bench.name == name) {
        Some(bench) => (bench.run)(args),
        None => bail!("no bench `{}`; `cargo x bench` lists them", name.display()),
    }
}
