//! `cargo x bench growth`: what reading, listing and creating jobs costs at a thousand jobs and at
//! a million.
//!
//! One workerd serves the edge twice, each with a database of its own, and requests alternate
//! between them.

use std::fs;

use anyhow::{Context, Result};

use super::load::{self, Operation, Summary, Target, compare};
use super::seed::{self, Seeded, seed};
use super::workerd::{Worker, Workerd};
use crate::artifacts;
use crate::cache::Cache;
use crate::tasks::setup;
use crate::terminal::print_line;
use crate::tools::Tools;
use crate::workspace::Workspace;

const ROUNDS: usize = 7;
const SMALL_JOBS: u64 = 1_000;
const LARGE_JOBS: u64 = 1_000_000;

/// Runs the bench.
pub fn run(mut args: lexopt::Parser) -> Result<()> {
    let (mut rounds, mut large_jobs) = (ROUNDS, LARGE_JOBS);
    while let Some(arg) = args.next()? {
        match arg {
            lexopt::Arg::Long("rounds") => rounds = load::parse_rounds(&args.value()?)?,
            lexopt::Arg::Long("jobs") => large_jobs = args.value()?.to_string_lossy().parse().context("--jobs wants a number")?,
            other => return Err(other.unexpected().into()),
        }
    }
    let (workspace, cache) = (Workspace::find()?, Cache::open()?);
    setup::ensure(&workspace, &cache)?;
    let tools = Tools::new(&workspace, &cache);
    let edge_dir = artifacts::ensure_edge(&workspace, &cache)?;
    // Gigabytes: beside the build rather than in a temporary folder that may be in memory.
    fs::create_dir_all(workspace.output_dir())?;
    let state = tempfile::tempdir_in(workspace.output_dir())?;
    let now_ms = seed::now_ms()?;
    let small = seed(&workspace, &tools, state.path(), "small", SMALL_JOBS, now_ms)?;
    let large = seed(&workspace, &tools, state.path(), "large", large_jobs, now_ms)?;
    let worker = |name, seeded| Worker { name, modules: vec![edge_dir.join("index.js"), edge_dir.join("index_bg.wasm")], seeded };
    let workerd = Workerd::start(&workspace, &tools, state.path(), &[worker("small", &small), worker("large", &large)])?;
    let targets = [&Target::new(&workerd, 0)?, &Target::new(&workerd, 1)?];
    print_line(&format!("\n{SMALL_JOBS} jobs against {large_jobs}, medians of {rounds} rounds, alternating; µs per request"));
    print_line("                       median latency             95th percentile                CPU");
    print_line("                    small    large   ratio     small    large   ratio     small    large   ratio");
    for (small, large) in operations(&small).iter().zip(&operations(&large)) {
        let summaries = compare([small, large], targets, 1, rounds)?;
        print_line(&row(small.name, &summaries));
    }
    Ok(())
}

fn operations(seeded: &Seeded) -> [Operation; 5] {
    let middle = seeded.job_ids.get(seeded.job_ids.len() / 2).map_or("", String::as_str);
    [
        Operation::get("get job", 400, seeded.job_ids.iter().map(|id| format!("/v1/jobs/{id}"))),
        Operation::get("list, newest", 200, ["/v1/jobs".into()]),
        Operation::get("list, from middle", 200, [format!("/v1/jobs?cursor={middle}")]),
        // Few jobs are in this state, so a scan through all of them would show.
        Operation::get("list, one state", 50, ["/v1/jobs?status=transcoding".into()]),
        Operation::create(200, seeded),
    ]
}

fn row(name: &str, [small, large]: &[Summary; 2]) -> String {
    let columns = [
        (small.latency_median_us, large.latency_median_us),
        (small.latency_p95_us, large.latency_p95_us),
        (small.cpu_us, large.cpu_us),
    ];
    let columns = columns.map(|(small, large)| format!("{small:8.0} {large:8.0}  {:6.2}", large / small));
    format!("{name:17}{}", columns.join("  "))
}
