//! `cargo x kie-sim`: runs the KIE simulator alone until Ctrl-C.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use lexopt::ValueExt as _;

use crate::interrupt;
use crate::kie_sim::fault::Fault;
use crate::kie_sim::{KieOptions, KieSim};
use crate::terminal::print_line;

const PORT: u16 = 8790;
const WATCH_INTERVAL: Duration = Duration::from_millis(200);

/// Runs the task.
pub fn run(mut args: lexopt::Parser) -> Result<()> {
    let mut options = KieOptions { port: Some(PORT), ..KieOptions::default() };
    while let Some(arg) = args.next()? {
        match arg {
            lexopt::Arg::Long("port") => options.port = Some(args.value()?.parse().context("`--port` needs a port")?),
            lexopt::Arg::Long("api-key") => options.api_key = args.value()?.string()?,
            lexopt::Arg::Long("webhook-key") => options.webhook_key = Some(args.value()?.string()?),
            lexopt::Arg::Long("unsigned") => options.webhook_key = None,
            other => return Err(other.unexpected().into()),
        }
    }
    let sim = KieSim::start(options)?;
    print_line("Start the edge with these variables, and its transcoders with the last one:");
    sim.edge_vars().iter().for_each(|(name, value)| print_line(&format!("  {name}={value}")));
    print_line(&format!("  ALLOWED_PRIVATE_HOSTS={}", sim.host()));
    say_faults();
    print_line("\nCtrl-C stops it.");
    while !interrupt::is_requested() {
        thread::sleep(WATCH_INTERVAL);
    }
    Ok(())
}

/// Prints the names of the faults.
pub fn say_faults() {
    let names = Fault::ALL.map(|(name, _)| name).join(", ");
    print_line(&format!("  faults   {{kie:NAME}} in a prompt, NAME one of {names}"));
}
