//! `cargo x bench edge`: requests per second and CPU per request, against a Hono Worker that does
//! the same work.
//!
//! Three Workers, each in a workerd of its own with the same data: the edge, the Hono Worker in
//! `tests/bench/hono`, and a baseline that makes the same platform calls and nothing else. CPU is
//! that of the process, so D1's is in all three.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::answers::expect_same;
use super::load::{self, Operation, Summary, Target, compare};
use super::seed::{self, Seeded, seed};
use super::workerd::{Worker, Workerd};
use crate::artifacts;
use crate::cache::Cache;
use crate::step;
use crate::tasks::setup;
use crate::terminal::print_line;
use crate::tools::Tools;
use crate::workspace::Workspace;

/// Many short rounds, so that other load on the machine falls on all three alike.
const ROUNDS: usize = 21;
const CONCURRENCIES: [usize; 2] = [1, 16];
/// Enough to fill a page of a list.
const JOBS: u64 = 1_000;

/// Runs the bench.
pub fn run(mut args: lexopt::Parser) -> Result<()> {
    let mut rounds = ROUNDS;
    while let Some(arg) = args.next()? {
        match arg {
            lexopt::Arg::Long("rounds") => rounds = load::parse_rounds(&args.value()?)?,
            other => return Err(other.unexpected().into()),
        }
    }
    let (workspace, cache) = (Workspace::find()?, Cache::open()?);
    setup::ensure(&workspace, &cache)?;
    let tools = Tools::new(&workspace, &cache);
    let edge_dir = artifacts::ensure_edge(&workspace, &cache)?;
    let state = tempfile::tempdir()?;
    let hono_dir = state.path().join("hono");
    bundle(&workspace, &tools, &hono_dir)?;
    let now_ms = seed::now_ms()?;
    let serve = |name: &'static str, modules: Vec<PathBuf>| -> Result<(Workerd, Seeded)> {
        let state_dir = state.path().join(name);
        let seeded = seed(&workspace, &tools, &state_dir, name, JOBS, now_ms)?;
        let worker = Worker { name, modules, seeded: &seeded };
        Ok((Workerd::start(&workspace, &tools, &state_dir, &[worker])?, seeded))
    };
    let (edge, seeded) = serve("edge", vec![edge_dir.join("index.js"), edge_dir.join("index_bg.wasm")])?;
    let (hono, _) = serve("hono", vec![hono_dir.join("main.js")])?;
    let (baseline, _) = serve("baseline", vec![hono_dir.join("baseline.js")])?;
    measure(&seeded, &[&edge, &hono, &baseline], rounds)
}

/// Bundles the Hono Worker and the baseline into a file each.
fn bundle(workspace: &Workspace, tools: &Tools, out_dir: &Path) -> Result<()> {
    let sources = workspace.join("tests/bench/hono");
    let mut command = Command::new(tools.npm_bin("esbuild"));
    command.arg(sources.join("main.js")).arg(sources.join("baseline.js"));
    command
        .args(["--bundle", "--format=esm", "--minify", "--loader:.sql=text", "--external:cloudflare:workers"])
        .env("PATH", tools.path()?);
    command.arg(format!("--outdir={}", out_dir.display()));
    step::run("Hono worker", &mut command, "The output above says why.")
}

fn operations(seeded: &Seeded) -> [Operation; 5] {
    [
        Operation::get("health", 400, ["/health".into()]),
        Operation::get("models", 300, ["/v1/models".into()]),
        Operation::get("get job", 150, seeded.job_ids.iter().map(|id| format!("/v1/jobs/{id}"))),
        Operation::get("list jobs", 60, ["/v1/jobs".into()]),
        Operation::create(80, seeded),
    ]
}

fn measure(seeded: &Seeded, [edge, hono, baseline]: &[&Workerd; 3], rounds: usize) -> Result<()> {
    let target = |workerd| Target::new(workerd, 0);
    let (edge, hono, mut baseline) = (target(edge)?, target(hono)?, target(baseline)?);
    baseline.headers = vec![("x-key-sha256", seeded.key_sha256.clone()), ("x-object-key", seeded.source_key.clone())];
    let operations = operations(seeded);
    for operation in &operations {
        expect_same(operation.send_once(&edge)?, operation.send_once(&hono)?)
            .with_context(|| format!("{}: the edge and the Hono Worker respond differently", operation.name))?;
    }
    print_line("✓ the edge and the Hono Worker send equal responses, field by field");
    for concurrency in CONCURRENCIES {
        print_line(&format!("\nconcurrency {concurrency}, {rounds} rounds, alternating; CPU in µs per request, workerd's own"));
        print_line("              requests/s                 CPU, median              CPU, 10th percentile");
        print_line("              edge    hono   ratio      edge    hono   ratio     edge    hono   ratio baseline");
        for operation in &operations {
            let summaries = compare([operation; 3], [&edge, &hono, &baseline], concurrency, rounds)?;
            print_line(&row(operation.name, &summaries));
        }
    }
    Ok(())
}

fn row(name: &str, [edge, hono, baseline]: &[Summary; 3]) -> String {
    format!(
        "{name:10} {:7.0} {:7.0}  {:6.2}   {:7.0} {:7.0}  {:6.2}  {:7.0} {:7.0}  {:6.2}  {:7.0}",
        edge.requests_per_s,
        hono.requests_per_s,
        edge.requests_per_s / hono.requests_per_s,
        edge.cpu_us,
        hono.cpu_us,
        edge.cpu_us / hono.cpu_us,
        edge.cpu_p10_us,
        hono.cpu_p10_us,
        edge.cpu_p10_us / hono.cpu_p10_us,
        baseline.cpu_p10_us,
    )
}
