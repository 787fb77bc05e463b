//! `cargo x dev`: runs the whole stack on this machine until Ctrl-C.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use lexopt::ValueExt as _;

use crate::interrupt;
use crate::kie_sim::{KieOptions, KieSim};
use crate::stack::secrets::write_private;
use crate::stack::{self, Cron, Models, RateLimit, Stack, StackOptions, demo_account};
use crate::terminal::print_line;
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
        cron: Cron::EveryMinute,
        models: Models::Installed,
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
    let admin_token = &stack.config().secrets.admin_token;
    let base_url = stack.base_url();
    let env_files = env_files(&workspace, stack.state());
    let lines = format!("BASE_URL={base_url}\nAPI_KEY={api_key}\nADMIN_TOKEN={admin_token}\n");
    env_files.iter().try_for_each(|path| write_private(path, &lines))?;
    print_line(&format!("\n  API      {base_url}"));
    print_line(&format!("  key      {api_key}"));
    print_line(&format!("  logs     {}", stack.state().display()));
    env_files.iter().take(1).for_each(|path| print_line(&format!("  shell    . {}", path.display())));
    if let Some(kie) = &kie {
        print_line(&format!("  KIE      http://{}, simulated: jobs of modes text and image work", kie.host()));
        super::kie_sim::say_faults();
    }
    print_line(&format!("  try      curl -H 'Authorization: Bearer {api_key}' {base_url}/health"));
    print_line("\nCtrl-C stops everything.");
    let ended = watch(&mut stack);
    // Else the next `cargo x demo` would look for a stack that has stopped.
    for path in env_files.iter().filter(|path| fs::read_to_string(path).is_ok_and(|found| found == lines)) {
        fs::remove_file(path).ok();
    }
    stack.stop()?;
    print_line("stopped");
    ended
}

/// The default folder of the stack.
#[must_use]
pub fn default_state(workspace: &Workspace) -> PathBuf {
    workspace.output_dir().join("dev")
}

/// The file of shell lines with the URL and the keys of a stack.
#[must_use]
pub fn env_file(state: &Path) -> PathBuf {
    state.join("stack.env")
}

/// One beside the stack's data, and one in the default place, unless another running stack has its
/// lines there.
fn env_files(workspace: &Workspace, state: &Path) -> Vec<PathBuf> {
    let (own, usual) = (env_file(state), env_file(&default_state(workspace)));
    let taken = read_base_url(&usual).is_some_and(|base_url| stack::is_healthy(&base_url));
    if own == usual || taken { vec![own] } else { vec![own, usual] }
}

/// Reads the URL of a stack from its file of shell lines.
fn read_base_url(env_file: &Path) -> Option<String> {
    let text = fs::read_to_string(env_file).ok()?;
    text.lines().find_map(|line| line.strip_prefix("BASE_URL=")).map(str::to_owned)
}

/// Starts a KIE simulator and configures the edge to use it.
fn start_kie(options: &mut StackOptions) -> Result<KieSim> {
    let kie = KieSim::start(KieOptions::default())?;
    options.allow_hosts.push(kie.host());
    options.edge_vars.extend(kie.edge_vars());
    options.edge_vars.push(("PROVIDER_POLL_S".into(), "5".into()));
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
