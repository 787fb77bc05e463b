//! `cargo x dev`: the whole stack on this machine, until Ctrl-C.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use lexopt::ValueExt as _;

use crate::interrupt;
use crate::kie_sim::{KieOptions, KieSim};
use crate::stack::secrets::write_private;
use crate::stack::{self, Cron, RateLimit, Stack, StackOptions, demo_account};
use crate::terminal::say;
use crate::workspace::Workspace;

const PORT: u16 = 8787;
const WATCH_INTERVAL: Duration = Duration::from_millis(200);

/// Runs the task.
pub fn run(mut args: lexopt::Parser) -> Result<()> {
    let workspace = Workspace::find()?;
    let mut options = StackOptions {
        port: Some(PORT),
        state: default_state(&workspace),
        transcoders: 1,
        cron: Cron::EachMinute,
        rate_limit: RateLimit::AsDeployed,
        ..StackOptions::default()
    };
    let mut kie = None;
    while let Some(arg) = args.next()? {
        match arg {
            lexopt::Arg::Long("port") => {
                let text = args.value()?.to_string_lossy().into_owned();
                options.port = Some(text.parse().with_context(|| format!("`{text}` is not a port"))?);
            }
            lexopt::Arg::Long("state") => options.state = PathBuf::from(args.value()?),
            lexopt::Arg::Long("allow-host") => options.allow_hosts.push(parse_host(&args.value()?.to_string_lossy())?),
            lexopt::Arg::Long("kie-sim") => kie = Some(start_kie(&mut options)?),
            lexopt::Arg::Long("rate-limit") => options.rate_limit = RateLimit::PerMinute(args.value()?.parse()?),
            lexopt::Arg::Long("webhook-retry-s") => {
                options.edge_vars.push(("WEBHOOK_RETRY_S".into(), args.value()?.to_string_lossy().into_owned()));
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let mut stack = Stack::start(options)?;
    let api_key = demo_account::ensure(&stack)?;
    let admin_token = &stack.site().secrets.admin_token;
    let base_url = stack.base_url();
    let env_files = env_files(&workspace, stack.state());
    let lines = format!("BASE_URL={base_url}\nAPI_KEY={api_key}\nADMIN_TOKEN={admin_token}\n");
    env_files.iter().try_for_each(|path| write_private(path, &lines))?;
    say(&format!("\n  API      {base_url}"));
    say(&format!("  key      {api_key}"));
    say(&format!("  logs     {}", stack.state().display()));
    env_files.iter().take(1).for_each(|path| say(&format!("  shell    . {}", path.display())));
    if let Some(kie) = &kie {
        say(&format!("  KIE      http://{}, a stand-in: jobs of modes text and image work", kie.host()));
        super::kie_sim::say_faults();
    }
    say(&format!("  try      curl -H 'Authorization: Bearer {api_key}' {base_url}/health"));
    say("\nCtrl-C stops everything.");
    let ended = watch(&mut stack);
    // A stack that is gone must not be found by the next `cargo x demo`.
    for path in env_files.iter().filter(|path| fs::read_to_string(path).is_ok_and(|found| found == lines)) {
        fs::remove_file(path).ok();
    }
    stack.stop()?;
    say("stopped");
    ended
}

/// Where the stack keeps its things unless told otherwise.
#[must_use]
pub fn default_state(workspace: &Workspace) -> PathBuf {
    workspace.output_dir().join("dev")
}

/// The shell lines that say where a stack is and what opens it.
#[must_use]
pub fn env_file(state: &Path) -> PathBuf {
    state.join("stack.env")
}

/// Beside the stack's state, and where everybody looks, unless another stack that is up has its lines there.
fn env_files(workspace: &Workspace, state: &Path) -> Vec<PathBuf> {
    let (own, usual) = (env_file(state), env_file(&default_state(workspace)));
    let taken = read_base_url(&usual).is_some_and(|base_url| stack::is_healthy(&base_url));
    if own == usual || taken { vec![own] } else { vec![own, usual] }
}

/// Where the stack of a file of shell lines is.
fn read_base_url(env_file: &Path) -> Option<String> {
    let text = fs::read_to_string(env_file).ok()?;
    text.lines().find_map(|line| line.strip_prefix("BASE_URL=")).map(str::to_owned)
}

/// A stand-in for KIE, and the edge told of it.
fn start_kie(options: &mut StackOptions) -> Result<KieSim> {
    let kie = KieSim::start(KieOptions::default())?;
    options.allow_hosts.push(kie.host());
    options.edge_vars.extend(kie.edge_vars());
    options.edge_vars.push(("PROVIDER_ASK_S".into(), "5".into()));
    Ok(kie)
}

fn watch(stack: &mut Stack) -> Result<()> {
    while !interrupt::is_requested() {
        stack.check_alive()?;
        thread::sleep(WATCH_INTERVAL);
    }
    Ok(())
}

fn parse_host(text: &str) -> Result<String> {
    let port = text.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
    port.filter(|(host, _)| !host.is_empty()).with_context(|| format!("`{text}` is not HOST:PORT"))?;
    Ok(text.to_owned())
}
