//! Random requests from several accounts at once while transcoders are killed; then everything is
//! waited for, and every credit is accounted for.
//!
//! The seed decides which requests each client sends. Their order among clients is that of the
//! machine, so a failure may need several runs of the same seed.

mod customer;
mod operation;
mod settled;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use fastrand::Rng;
use rustix::process::Signal;

use crate::clip::Clip;
use crate::interrupt;
use crate::stack::{Stack, StackOptions};
use crate::web_server::{Page, WebServer};
use customer::Customer;
use operation::Client;

/// A clip that is keyed in a second.
const CLIP: Clip = Clip { width: 160, height: 90, frame_rate: 10, frame_count: 10 };
/// Pause of the loop that kills transcoders and fires the cron trigger.
const TICK: Duration = Duration::from_millis(500);

/// The size of a run.
#[derive(Debug, Clone, Copy)]
pub struct ChaosOptions {
    /// Decides which requests are sent.
    pub seed: u64,
    /// Requests in total, beyond those that set the accounts up.
    pub operations: u32,
    /// The number of accounts.
    pub accounts: usize,
    /// Threads that send requests, each for any account.
    pub clients: u32,
    /// Transcoders that run at the same time.
    pub transcoders: usize,
    /// After so many requests a transcoder is killed and another one started.
    pub operations_per_kill: u32,
}

/// Counts of a run.
#[derive(Debug, Default)]
pub struct ChaosReport {
    /// How often each operation was answered with each status.
    pub answers: BTreeMap<(&'static str, u16), u32>,
    /// Transcoders that were killed.
    pub kills: u32,
    /// How many jobs ended in each state, deleted ones apart.
    pub jobs: BTreeMap<String, u32>,
    /// Runs that reserved credits.
    pub reserves: u32,
    /// Credits that were spent, of all accounts.
    pub spent_credits: u64,
}

/// State shared by all clients.
struct World {
    base_url: String,
    customers: Vec<Customer>,
    clip: Vec<u8>,
    /// URLs of a clip, of nothing, and of a webhook receiver that refuses first.
    hosted_clip: String,
    hosted_nothing: String,
    receiver: String,
    operations: AtomicU32,
    answers: Mutex<BTreeMap<(&'static str, u16), u32>>,
    failure: Mutex<Option<anyhow::Error>>,
}

impl World {
    /// Whether a client failed, after which nobody goes on.
    fn has_failed(&self) -> bool {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn fail(&self, error: anyhow::Error) {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }
}

/// Runs it on a stack of its own in a temporary folder.
/// Errors: the first answer that no client should get, a credit that is not accounted for, or work
/// that does not end.
pub fn run(options: ChaosOptions) -> Result<ChaosReport> {
    let folder = tempfile::Builder::new().prefix("bgless-chaos-").tempdir()?;
    let web = WebServer::start()?;
    let clip = folder.path().join("clip.mp4");
    CLIP.write(&clip)?;
    let mut stack = Stack::start(stack_options(folder.path().join("state"), &web, options.transcoders))?;
    let mut random = Rng::with_seed(options.seed);
    let customers = (0..options.accounts).map(|_| Customer::create(&stack, &mut random)).collect::<Result<Vec<_>>>()?;
    let world = World {
        base_url: stack.base_url().to_owned(),
        customers,
        clip: fs::read(&clip)?,
        hosted_clip: web.put("/clip.mp4", Page::File(clip)),
        hosted_nothing: web.put("/nothing.mp4", Page::Status(404)),
        receiver: web.put("/receiver", Page::Statuses(vec![500, 200])),
        operations: AtomicU32::new(0),
        answers: Mutex::default(),
        failure: Mutex::default(),
    };
    let kills = send_requests(&mut stack, &world, options)?;
    if let Some(failure) = world.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
        return Err(failure.context(format!("seed {}", options.seed)));
    }
    settled::wait_until_settled(&stack, &world.customers)?;
    let mut report = ChaosReport { kills, ..ChaosReport::default() };
    for customer in &world.customers {
        settled::check_account(customer, &mut report).with_context(|| format!("account {}", customer.account.id))?;
    }
    report.answers = world.answers.into_inner().unwrap_or_else(PoisonError::into_inner);
    stack.stop()?;
    Ok(report)
}

fn stack_options(state: PathBuf, web: &WebServer, transcoders: usize) -> StackOptions {
    let pairs = |pairs: &[(&str, &str)]| pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    StackOptions {
        state,
        transcoders,
        allow_hosts: vec![web.host()],
        // Short leases, so that a killed transcoder is noticed within seconds.
        edge_vars: pairs(&[("LEASE_DURATION_MS", "5000"), ("WEBHOOK_RETRY_S", "1,1,1")]),
        transcoder_env: pairs(&[("VISIBILITY_TIMEOUT_MS", "6000"), ("POLL_INTERVAL_MS", "200"), ("SHUTDOWN_GRACE_S", "0")]),
        ..StackOptions::default()
    }
}

/// Lets all clients send their requests while transcoders are killed; returns how many were.
fn send_requests(stack: &mut Stack, world: &World, options: ChaosOptions) -> Result<u32> {
    let mut random = Rng::with_seed(options.seed.wrapping_add(1));
    let mut kills = 0;
    thread::scope(|scope| {
        let clients: Vec<_> = (0..options.clients)
            .map(|number| {
                let random = Rng::with_seed(options.seed.wrapping_mul(1_000).wrapping_add(u64::from(number)));
                scope.spawn(move || send_until_done(world, random, options.operations))
            })
            .collect();
        // The oldest member is killed; numbers go up.
        let mut oldest = 0;
        while clients.iter().any(|client| !client.is_finished()) {
            let mut tick = || -> Result<()> {
                interrupt::check()?;
                stack.trigger_cron()?;
                let due = world.operations.load(Ordering::Relaxed) / options.operations_per_kill;
                if kills < due {
                    let signal = if random.usize(..3) == 0 { Signal::TERM } else { Signal::KILL };
                    stack.kill_transcoder(oldest, signal)?;
                    stack.start_transcoder()?;
                    (oldest, kills) = (oldest + 1, kills + 1);
                }
                stack.check_alive()
            };
            if let Err(error) = tick() {
                world.fail(error);
                break;
            }
            thread::sleep(TICK);
        }
        if clients.into_iter().any(|client| client.join().is_err()) {
            bail!("a client panicked");
        }
        Ok(kills)
    })
}

fn send_until_done(world: &World, random: Rng, operations: u32) {
    let mut client = Client { world, random };
    while world.operations.fetch_add(1, Ordering::Relaxed) < operations && !world.has_failed() {
        if let Err(error) = client.send_any() {
            world.fail(error);
        }
    }
}
