//! The whole service on this machine: edge in workerd, queue gateway, transcoders.
//!
//! Dropping a stack stops everything it started. Two stacks can run side by side.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::Signal;

use crate::cache::Cache;
use crate::client::{Admin, Api};
use crate::gateway::Gateway;
use crate::http::{Answer, agent};
use crate::process::Group;
use crate::step::Step;
use crate::tasks::setup;
use crate::tools::Tools;
use crate::workspace::Workspace;
use crate::wrangler::StackConfig;
use crate::{artifacts, interrupt, terminal};
use cron::CronTimer;
use secrets::Secrets;
use transcoder::Transcoder;

pub mod cron;
pub mod demo_account;
pub mod secrets;
pub mod shared;
pub mod transcoder;

/// The time limit for the first response of the edge.
const READY_TIMEOUT: Duration = Duration::from_secs(90);
/// The time between SIGTERM and SIGKILL for wrangler and workerd.
const STOP_GRACE: Duration = Duration::from_secs(10);
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// Number of log lines that are shown when a program does not start.
const LOG_LINES_SHOWN: usize = 30;

/// The edge behind the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EdgeKind {
    /// The product.
    #[default]
    Real,
    /// A stub that returns what it received, for the gateway's own tests.
    Stub,
}

/// The schedule of the cron trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cron {
    /// Calls of [`Stack::trigger_cron`] alone.
    #[default]
    Manual,
    /// A thread, every minute.
    EveryMinute,
}

/// The rate limit of each client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RateLimit {
    /// So high that no test reaches it.
    #[default]
    Raised,
    /// As in `wrangler.toml`.
    AsDeployed,
    /// Requests a minute; submissions have the same limit.
    PerMinute(u32),
}

impl RateLimit {
    fn edge_vars(self) -> Vec<(String, String)> {
        let per_minute = match self {
            Self::Raised => 1_000_000,
            Self::AsDeployed => return Vec::new(),
            Self::PerMinute(requests) => requests,
        };
        ["REQUESTS_PER_MINUTE", "SUBMISSIONS_PER_MINUTE"].map(|name| (name.to_owned(), per_minute.to_string())).into()
    }
}

/// The matting models of the transcoders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Models {
    /// None: what a test expects does not depend on what is installed.
    #[default]
    None,
    /// Those that are installed.
    Installed,
}

impl Models {
    fn transcoder_env(self) -> Vec<(String, String)> {
        match self {
            Self::None => vec![("MATTING_MODELS".to_owned(), String::new())],
            Self::Installed => Vec::new(),
        }
    }
}

/// The parameters of a stack.
#[derive(Debug, Clone, Default)]
pub struct StackOptions {
    /// The port of the edge; a free one by default.
    pub port: Option<u16>,
    /// The folder of the stack's data and logs. One stack at a time can use it.
    pub state: PathBuf,
    /// Private `HOST:PORT` pairs that sources and webhooks may use.
    pub allow_hosts: Vec<String>,
    /// The number of transcoders to start.
    pub transcoders: usize,
    /// The rate limit of each client.
    pub rate_limit: RateLimit,
    /// Variables of the edge; they override the defaults.
    pub edge_vars: Vec<(String, String)>,
    /// Environment of wrangler and workerd, added to that of this program.
    pub wrangler_env: Vec<(String, String)>,
    /// The matting models of the transcoders.
    pub models: Models,
    /// Environment of the transcoders; it overrides the defaults.
    pub transcoder_env: Vec<(String, String)>,
    /// The edge.
    pub edge: EdgeKind,
    /// The schedule of the cron trigger.
    pub cron: Cron,
}

/// A running stack.
#[derive(Debug)]
pub struct Stack {
    // Fields are dropped in this order: each before what it calls.
    cron_timer: Option<CronTimer>,
    transcoders: Vec<Option<Transcoder>>,
    wrangler: Group,
    config: StackConfig,
    transcoder_env: Vec<(String, String)>,
    _state_lock: File,
}

impl Stack {
    /// Builds what is out of date, starts everything, and returns when the edge responds.
    pub fn start(options: StackOptions) -> Result<Self> {
        let (workspace, cache) = (Workspace::find()?, Cache::open()?);
        setup::ensure(&workspace, &cache)?;
        let tools = Tools::new(&workspace, &cache);
        let state = Workspace::absolute(&options.state)?;
        fs::create_dir_all(&state).with_context(|| format!("{} cannot be created", state.display()))?;
        let state_lock = lock_state(&state)?;
        let edge_dir = match options.edge {
            EdgeKind::Real => Some(artifacts::ensure_edge(&workspace, &cache)?),
            EdgeKind::Stub => None,
        };
        let port = options.port.map_or_else(find_free_port, check_port)?;
        let stack_config = StackConfig {
            secrets: Secrets::load_or_create(&state)?,
            base_url: format!("http://127.0.0.1:{port}"),
            port,
            state,
            allowed_hosts: options.allow_hosts.join(","),
        };
        let step = Step::begin("local stack");
        let gateway_config = stack_config.write_gateway_config(&workspace)?;
        let edge_config = match &edge_dir {
            Some(edge_dir) => {
                stack_config.migrate(&workspace, &tools)?;
                let vars = [options.rate_limit.edge_vars(), options.edge_vars].concat();
                stack_config.write_edge_config(&workspace, edge_dir, &vars)?
            }
            None => stack_config.write_stub_edge_config(&workspace)?,
        };
        let log = File::create(stack_config.state.join("wrangler.log"))?;
        let mut command = stack_config.serve_command(&tools, &gateway_config, &edge_config)?;
        command.envs(options.wrangler_env).stdin(std::process::Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let wrangler = Group::spawn(&mut command, STOP_GRACE)?;
        let mut stack = Self {
            cron_timer: (options.cron == Cron::EveryMinute).then(|| CronTimer::start(stack_config.base_url.clone())),
            transcoders: Vec::new(),
            wrangler,
            config: stack_config,
            transcoder_env: [options.models.transcoder_env(), options.transcoder_env].concat(),
            _state_lock: state_lock,
        };
        stack.wait_until_ready()?;
        for _ in 0..options.transcoders {
            stack.start_transcoder()?;
        }
        step.finish();
        Ok(stack)
    }

    /// The URL of the edge, without a trailing slash.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.config.base_url
    }

    /// The folder of the stack's data and logs.
    #[must_use]
    pub fn state(&self) -> &Path {
        &self.config.state
    }

    /// The addresses and secrets of this stack.
    #[must_use]
    pub fn config(&self) -> &StackConfig {
        &self.config
    }

    /// A client with the operator's token.
    #[must_use]
    pub fn admin(&self) -> Admin {
        Admin::new(self.base_url(), &self.config.secrets.admin_token)
    }

    /// A client with an API key.
    #[must_use]
    pub fn api(&self, api_key: &str) -> Api {
        Api::new(self.base_url(), api_key)
    }

    /// A client of the queue.
    #[must_use]
    pub fn gateway(&self) -> Gateway {
        Gateway::new(self.base_url(), &self.config.secrets.queue_api_token)
    }

    /// Fires the edge's cron trigger and waits for its handler.
    pub fn trigger_cron(&self) -> Result<()> {
        cron::trigger(self.base_url())
    }

    /// Starts one more transcoder; returns its number, counting from 0.
    pub fn start_transcoder(&mut self) -> Result<usize> {
        self.start_transcoder_with(&[])
    }

    /// Starts one more transcoder with these variables besides those of all.
    pub fn start_transcoder_with(&mut self, env: &[(&str, &str)]) -> Result<usize> {
        let program = artifacts::ensure_transcoder(&Workspace::find()?, &Cache::open()?)?;
        let number = self.transcoders.len();
        let own = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let env: Vec<_> = self.transcoder_env.iter().cloned().chain(own).collect();
        self.transcoders.push(Some(Transcoder::start(&program, &self.config, number, &env)?));
        Ok(number)
    }

    /// Stops the processes of the edge, the queue and the bucket in mid-work, or lets them go on.
    pub fn signal_edge(&self, signal: Signal) -> Result<()> {
        self.wrangler.signal(signal)
    }

    /// A running transcoder.
    #[must_use]
    pub fn transcoder(&self, number: usize) -> Option<&Transcoder> {
        self.transcoders.get(number).and_then(Option::as_ref)
    }

    /// Sends a signal to a transcoder process, waits for it to end, then ends the rest of its
    /// process group.
    pub fn kill_transcoder(&mut self, number: usize, signal: Signal) -> Result<()> {
        let slot = self.transcoders.get_mut(number).context("no such transcoder")?;
        let mut transcoder = slot.take().context("this transcoder was killed before")?;
        transcoder.group.signal_leader(signal)?;
        let ended = transcoder.group.wait_at_most(transcoder::STOP_GRACE)?;
        transcoder.group.stop()?;
        ended.context("the transcoder did not end in time and was killed").map(drop)
    }

    /// Fails when wrangler or a transcoder has ended.
    pub fn check_alive(&mut self) -> Result<()> {
        if let Some(status) = self.wrangler.try_wait()? {
            bail!("wrangler ended: {status}\n{}", last_lines(&self.config.state.join("wrangler.log")));
        }
        for transcoder in self.transcoders.iter_mut().flatten() {
            if let Some(status) = transcoder.group.try_wait()? {
                bail!("a transcoder ended: {status}\n{}", last_lines(&transcoder.log));
            }
        }
        Ok(())
    }

    /// Stops everything. Errors: when something does not stop.
    pub fn stop(mut self) -> Result<()> {
        self.cron_timer = None;
        for transcoder in self.transcoders.iter_mut().flatten() {
            transcoder.group.stop()?;
        }
        self.wrangler.stop()
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let deadline = Instant::now() + READY_TIMEOUT;
        while !is_healthy(self.base_url()) {
            interrupt::check()?;
            self.check_alive()?;
            if Instant::now() >= deadline {
                let log = last_lines(&self.config.state.join("wrangler.log"));
                bail!("the edge did not respond within {} s\n{log}", READY_TIMEOUT.as_secs());
            }
            thread::sleep(POLL_INTERVAL);
        }
        Ok(())
    }
}

/// Whether an edge responds at this URL.
#[must_use]
pub fn is_healthy(base_url: &str) -> bool {
    let answer = agent().get(format!("{base_url}/health")).call().map_err(anyhow::Error::from).and_then(Answer::read);
    answer.is_ok_and(|answer| answer.status == 200)
}

fn lock_state(state: &Path) -> Result<File> {
    let file = File::options().create(true).append(true).open(state.join("lock"))?;
    file.try_lock()
        .map_err(|_| anyhow::anyhow!("another stack uses {}; stop it, or name another folder with --state", state.display()))?;
    Ok(file)
}

fn find_free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn check_port(port: u16) -> Result<u16> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => Ok(port),
        Err(error) => Err(error).with_context(|| format!("port {port} is not free; name another with --port")),
    }
}

fn last_lines(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let shown = lines.get(lines.len().saturating_sub(LOG_LINES_SHOWN)..).unwrap_or_default();
    terminal::indent(&format!("{}\n(from {})", shown.join("\n"), log.display()))
}
