//! `cargo x chaos`: random requests from several accounts while transcoders are killed.

use std::time::Instant;

use anyhow::Result;
use lexopt::ValueExt as _;

use crate::chaos::{ChaosOptions, run as run_chaos};
use crate::terminal::print_line;

/// Runs the task.
pub fn run(mut args: lexopt::Parser) -> Result<()> {
    let mut options =
        ChaosOptions { seed: 1, operations: 5_000, accounts: 10, clients: 4, transcoders: 2, operations_per_kill: 100 };
    while let Some(arg) = args.next()? {
        match arg {
            lexopt::Arg::Long("seed") => options.seed = args.value()?.parse()?,
            lexopt::Arg::Long("operations") => options.operations = args.value()?.parse()?,
            lexopt::Arg::Long("accounts") => options.accounts = args.value()?.parse()?,
            other => return Err(other.unexpected().into()),
        }
    }
    let started = Instant::now();
    let report = run_chaos(options)?;
    for ((operation, status), count) in &report.answers {
        print_line(&format!("  {count:>6}  {status}  {operation}"));
    }
    for (state, count) in &report.jobs {
        print_line(&format!("  {count:>6}  {state}"));
    }
    let (reserves, spent, kills) = (report.reserves, report.spent_credits, report.kills);
    print_line(&format!(
        "every credit is accounted for: {reserves} reserves, {spent} credits spent; {kills} transcoders killed ({:.0} s)",
        started.elapsed().as_secs_f64()
    ));
    Ok(())
}
