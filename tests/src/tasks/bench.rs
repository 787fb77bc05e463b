//! `cargo x bench NAME`: measurements, side by side in one run. They print tables and assert no time.

mod answers;
mod edge;
mod figures;
mod growth;
mod keying;
mod load;
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

const BENCHES: [Bench; 3] = [
    Bench { name: "edge", summary: "the edge against a Hono worker that does the same; --rounds N", run: edge::run },
    Bench { name: "growth", summary: "the edge at a thousand jobs and at a million; --rounds N, --jobs N", run: growth::run },
    Bench {
        name: "keying",
        summary: "the keyer against ffmpeg's, tuned; --seeds 1,2, --kinds hair,blur, --frames N",
        run: keying::run,
    },
];

/// Runs the task.
pub fn run(mut args: lexopt::Parser) -> Result<()> {
    let Some(lexopt::Arg::Value(name)) = args.next()? else {
        say("cargo x bench NAME, where NAME is one of");
        for bench in &BENCHES {
            say(&format!("  {:8} {}", bench.name, bench.summary));
        }
        return Ok(());
    };
    match BENCHES.iter().find(|bench| bench.name == name) {
        Some(bench) => (bench.run)(args),
        None => bail!("no bench `{}`; `cargo x bench` lists them", name.display()),
    }
}
