//! The whole service on this machine: edge in workerd, queue gateway, transcoders; all of it real.
//!
//! Dropping a stack stops everything it started. Two stacks can run side by side.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::Signal;

use crate::artifacts::Artifacts;
use crate::cache::Cache;
use crate::client::{Admin, Api};
use crate::gateway::Gateway;
use crate::http::{Answer, agent};
use crate::process::Group;
use crate::step::Step;
use crate::tasks::setup;
use crate::tools::Tools;
use crate::workspace::Workspace;
use crate::wrangler::Site;
use crate::{interrupt, terminal};
use cron::Ticker;
use secrets::Secrets;
use transcoder::Transcoder;

pub mod cron;
pub mod demo_account;
pub mod secrets;
pub mod shared;
pub mod transcoder;

/// How long the edge may take to answer its first request.
const READY_TIMEOUT: Duration = Duration::from_secs(90);
/// How long wrangler and workerd have between SIGTERM and SIGKILL.
const STOP_GRACE: Duration = Duration::from_secs(10);
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// How much of a log is shown when something does not start.
const LOG_LINES_SHOWN: usize = 30;

/// Which edge stands behind the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EdgeKind {
    /// The product.
    #[default]
    Real,
    /// A stand-in that says what reached it, for the gateway's own test.
    Stub,
}

/// Who fires the cron trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cron {
    /// A test, by [`Stack::tick_cron`].
    #[default]
    ByHand,
    /// A thread, each minute.
    EachMinute,
}

/// How many requests a client may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RateLimit {
    /// So many that no test meets the limit.
    #[default]
    Raised,
    /// As `wrangler.toml` says.
    AsDeployed,
    /// So many a minute, jobs and all else.
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

/// How a stack is to be.
#[derive(Debug, Clone, Default)]
pub struct StackOptions {
    /// The port of the edge; a free one when nobody says.
    pub port: Option<u16>,
    /// The folder with everything the stack keeps. One stack at a time.
    pub state: PathBuf,
    /// Private `HOST:PORT` pairs that sources and callbacks may use.
    pub allow_hosts: Vec<String>,
    /// How many transcoders to start.
    pub transcoders: usize,
    /// How many requests a client may make.
    pub rate_limit: RateLimit,
    /// Variables of the edge, over the defaults.
    pub edge_vars: Vec<(String, String)>,
    /// Environment of wrangler and workerd, over this program's.
    pub wrangler_env: Vec<(String, String)>,
    /// Environment of the transcoders, over the defaults.
    pub transcoder_env: Vec<(String, String)>,
    /// Which edge.
    pub edge: EdgeKind,
    /// Who fires the cron trigger.
    pub cron: Cron,
}

/// A running stack.
#[derive(Debug)]
pub struct Stack {
    // Fields are dropped in this order: the clock, the workers, then what they talk to.
    ticker: Option<Ticker>,
    transcoders: Vec<Option<Transcoder>>,
    wrangler: Group,
    site: Site,
    transcoder_program: Option<PathBuf>,
    transcoder_env: Vec<(String, String)>,
    _state_lock: File,
}

impl Stack {
    /// Builds what is out of date, starts everything, and returns when the edge answers.
    pub fn start(options: StackOptions) -> Result<Self> {
        let (workspace, cache) = (Workspace::find()?, Cache::open()?);
        setup::ensure(&workspace, &cache)?;
        let tools = Tools::new(&workspace, &cache);
        let state = Workspace::absolute(&options.state)?;
        fs::create_dir_all(&state).with_context(|| format!("{} cannot be created", state.display()))?;
        let state_lock = lock_state(&state)?;
        let artifacts = match options.edge {
            EdgeKind::Real => Some(Artifacts::ensure(&workspace, &cache)?),
            EdgeKind::Stub => None,
        };
        let port = options.port.map_or_else(find_free_port, check_port)?;
        let site = Site {
            secrets: Secrets::load_or_create(&state)?,
            base_url: format!("http://127.0.0.1:{port}"),
            port,
            state,
            allowed_hosts: options.allow_hosts.join(","),
        };
        let step = Step::begin("local stack");
        let gateway_config = site.write_gateway_config(&workspace)?;
        let edge_config = match &artifacts {
            Some(artifacts) => {
                site.migrate(&workspace, &tools)?;
                let vars = [options.rate_limit.edge_vars(), options.edge_vars].concat();
                site.write_edge_config(&workspace, &artifacts.edge_dir, &vars)?
            }
            None => site.write_stub_edge_config(&workspace)?,
        };
        let log = File::create(site.state.join("wrangler.log"))?;
        let mut command = site.serve_command(&tools, &gateway_config, &edge_config)?;
        command.envs(options.wrangler_env).stdin(std::process::Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let wrangler = Group::spawn(&mut command, STOP_GRACE)?;
        let mut stack = Self {
            ticker: (options.cron == Cron::EachMinute).then(|| Ticker::start(site.base_url.clone())),
            transcoders: Vec::new(),
            wrangler,
            site,
            transcoder_program: artifacts.map(|artifacts| artifacts.transcoder),
            transcoder_env: options.transcoder_env,
            _state_lock: state_lock,
        };
        stack.wait_until_ready()?;
        for _ in 0..options.transcoders {
            stack.start_transcoder()?;
        }
        step.finish();
        Ok(stack)
    }

    /// Where the edge answers, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.site.base_url
    }

    /// The folder with everything the stack keeps.
    #[must_use]
    pub fn state(&self) -> &Path {
        &self.site.state
    }

    /// The addresses and secrets of this stack.
    #[must_use]
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// A client of the edge's admin routes.
    #[must_use]
    pub fn admin(&self) -> Admin {
        Admin::new(self.base_url(), &self.site.secrets.admin_token)
    }

    /// A client of the API with this key.
    #[must_use]
    pub fn api(&self, api_key: &str) -> Api {
        Api::new(self.base_url(), api_key)
    }

    /// A client of the queue.
    #[must_use]
    pub fn gateway(&self) -> Gateway {
        Gateway::new(self.base_url(), &self.site.secrets.queue_api_token)
    }

    /// Fires the edge's cron trigger and waits until it is done.
    pub fn tick_cron(&self) -> Result<()> {
        cron::tick(self.base_url())
    }

    /// Starts one more transcoder; returns its number, counting from 0.
    pub fn start_transcoder(&mut self) -> Result<usize> {
        let program = self.transcoder_program.as_deref().context("a stack with a stand-in edge has no transcoders")?;
        let number = self.transcoders.len();
        self.transcoders.push(Some(Transcoder::start(program, &self.site, number, &self.transcoder_env)?));
        Ok(number)
    }

    /// A transcoder that was started and not killed since.
    #[must_use]
    pub fn transcoder(&self, number: usize) -> Option<&Transcoder> {
        self.transcoders.get(number).and_then(Option::as_ref)
    }

    /// Sends a signal to a transcoder alone, then waits for it to end and sees to it that nothing of its group remains.
    pub fn kill_transcoder(&mut self, number: usize, signal: Signal) -> Result<()> {
        let slot = self.transcoders.get_mut(number).context("no such transcoder")?;
        let mut transcoder = slot.take().context("this transcoder was killed before")?;
        transcoder.group.signal_leader(signal)?;
        let ended = transcoder.group.wait_at_most(transcoder::STOP_GRACE)?;
        transcoder.group.stop()?;
        ended.context("the transcoder did not end in time and was killed").map(drop)
    }

    /// Fails when a part has ended that should be running.
    pub fn check_alive(&mut self) -> Result<()> {
        if let Some(status) = self.wrangler.try_wait()? {
            bail!("wrangler ended: {status}\n{}", last_lines(&self.site.state.join("wrangler.log")));
        }
        for transcoder in self.transcoders.iter_mut().flatten() {
            if let Some(status) = transcoder.group.try_wait()? {
                bail!("a transcoder ended: {status}\n{}", last_lines(&transcoder.log));
            }
        }
        Ok(())
    }

    /// Stops everything, and says when something would not stop.
    pub fn stop(mut self) -> Result<()> {
        self.ticker = None;
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
                let log = last_lines(&self.site.state.join("wrangler.log"));
                bail!("the edge does not answer within {} s\n{log}", READY_TIMEOUT.as_secs());
            }
            thread::sleep(POLL_INTERVAL);
        }
        Ok(())
    }
}

/// Whether an edge answers there.
#[must_use]
pub fn is_healthy(base_url: &str) -> bool {
    let answer = agent().get(format!("{base_url}/health")).call().map_err(anyhow::Error::from).and_then(Answer::read);
    answer.is_ok_and(|answer| answer.status == 200)
}

fn lock_state(state: &Path) -> Result<File> {
    let file = File::options().create(true).append(true).open(state.join("lock"))?;
    file.try_lock().map_err(|_| {
        anyhow::anyhow!("another stack runs on {}; stop it, or name another folder with --state", state.display())
    })?;
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
