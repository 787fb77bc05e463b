//! Whether this member of the fleet takes work, and if not, why: shared by its pumps, its tasks,
//! its self-test and its health server.
//!
//! It takes none until a self-test has passed, and none from a fault of the machine until the next
//! self-test has.

use std::collections::HashSet;
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use backon::BackoffBuilder;
use serde::Serialize;
use shared::id::JobId;
use shared::names;
use shared::report::MachineFault;
use shared::task::Pool;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::fleet::backoff::backoff;

/// First and longest pause between self-tests that fail, before jitter.
/// Units: seconds.
const TEST_PAUSE_S: u64 = 1;
const TEST_PAUSE_S_MAX: u64 = 30;
/// First and longest pause of a member whose self-tests pass and whose attempts fail by faults of
/// its own all the same, before jitter.
/// Units: seconds.
const FAULT_PAUSE_S: u64 = 2;
const FAULT_PAUSE_S_MAX: u64 = 60;

names! {
    /// A reason not to take work. Stable: alarms are built on it.
    ProblemCode {
        /// ffmpeg does not start, or does not encode or decode a tiny clip.
        FfmpegFailed = "ffmpeg_failed",
        /// ffprobe does not start, or does not read that clip.
        FfprobeFailed = "ffprobe_failed",
        /// Children cannot be confined.
        ConfinementFailed = "confinement_failed",
        /// The scratch folder cannot be created, written or read.
        ScratchFailed = "scratch_failed",
        /// The scratch folder has less free space than the smallest job needs.
        ScratchFull = "scratch_full",
        /// The bucket does not answer.
        StorageUnreachable = "storage_unreachable",
        /// The bucket refuses to store, read or remove an object: keys, name or clock are wrong.
        StorageRefused = "storage_refused",
        /// The edge does not answer.
        EdgeUnreachable = "edge_unreachable",
        /// The edge refuses the transcoders' secret.
        SecretRefused = "secret_refused",
        /// This machine's clock differs from the edge's.
        ClockOff = "clock_off",
        /// A queue cannot be pulled from.
        QueueUnreachable = "queue_unreachable",
        /// Attempt after attempt ended by a fault of this machine, though its self-tests pass.
        RepeatedFaults = "repeated_faults",
    }
}

/// A reason not to take work, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// For programs.
    pub code: ProblemCode,
    /// For people.
    pub message: String,
}

impl Problem {
    /// A problem.
    pub fn new(code: ProblemCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// Port: the self-test.
pub trait SelfTest: Sync {
    /// Tries everything that a task needs; returns what failed.
    fn run(&self) -> impl Future<Output = Vec<Problem>> + Send;
}

names! {
    /// What a member does.
    State {
        /// It tests itself and takes no work yet.
        Testing = "testing",
        /// Its last self-test failed; it tests itself again after a pause.
        Failing = "failing",
        /// Its self-tests pass, but its attempts fail by its own faults; it pauses.
        Pausing = "pausing",
        /// It takes work.
        Pulling = "pulling",
        /// It was told to stop.
        Stopping = "stopping",
    }
}

/// Last pull of a pool's queue.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Pull {
    Unknown,
    Works,
    Fails(String),
}

#[derive(Debug, Clone)]
struct Status {
    state: State,
    problems: Vec<Problem>,
    /// Faults since the last attempt that had an end of its own. Several attempts that one fault
    /// ends count as one.
    faults: u32,
    pulls: Vec<(Pool, Pull)>,
}

/// What `/ready` and `/health` answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// Whether it takes work from every one of its queues.
    pub ready: bool,
    /// What it does.
    pub state: State,
    /// Why it is not ready.
    pub problems: Vec<Problem>,
}

/// A member of the fleet, as far as its readiness goes.
#[derive(Debug)]
pub struct Member {
    status: watch::Sender<Status>,
    running: Mutex<HashSet<(JobId, u32)>>,
}

impl Member {
    /// A member that has not tested itself yet.
    pub fn new(pools: impl IntoIterator<Item = Pool>) -> Self {
        let pulls = pools.into_iter().map(|pool| (pool, Pull::Unknown)).collect();
        let status = Status { state: State::Testing, problems: Vec::new(), faults: 0, pulls };
        Self { status: watch::Sender::new(status), running: Mutex::default() }
    }

    /// True if it may take work.
    pub fn takes_work(&self) -> bool {
        self.status.borrow().state == State::Pulling
    }

    /// Waits until it may take work.
    pub async fn until_it_takes_work(&self) {
        self.wait_for(|state| state == State::Pulling).await;
    }

    async fn wait_for(&self, holds: impl Fn(State) -> bool) {
        // The sender is our own, so it is never gone.
        drop(self.status.subscribe().wait_for(|status| holds(status.state)).await);
    }

    /// Answers for the health server.
    pub fn readiness(&self) -> Readiness {
        let status = self.status.borrow();
        let mut problems = status.problems.clone();
        for (pool, pull) in &status.pulls {
            if let Pull::Fails(error) = pull {
                problems.push(Problem::new(ProblemCode::QueueUnreachable, format!("{pool}: {error}")));
            }
        }
        let ready = status.state == State::Pulling && status.pulls.iter().all(|(_, pull)| *pull == Pull::Works);
        Readiness { ready, state: status.state, problems }
    }

    /// Tests the machine until it passes, lets work be taken until the next fault, and starts over;
    /// never returns.
    pub async fn keep_tested(&self, test: &impl SelfTest) {
        loop {
            self.pause_after_faults().await;
            let mut pauses = backoff(Duration::from_secs(TEST_PAUSE_S), Duration::from_secs(TEST_PAUSE_S_MAX)).build();
            loop {
                let problems = test.run().await;
                if problems.is_empty() {
                    break;
                }
                self.fail(problems);
                sleep(pauses.next().unwrap_or_default()).await;
            }
            tracing::info!("the self-test passed; pulling");
            self.set(State::Pulling, Vec::new());
            self.wait_for(|state| state != State::Pulling).await;
        }
    }

    /// Takes no work, for these reasons.
    pub fn fail(&self, problems: Vec<Problem>) {
        // An alarm follows the log of changes, not one line for each test.
        if self.status.borrow().problems != problems {
            for Problem { code, message } in &problems {
                tracing::error!(code = code.as_str(), message, "not ready: the self-test failed");
            }
        }
        self.set(State::Failing, problems);
    }

    /// After the second fault in a row and each further one, a pause that doubles.
    async fn pause_after_faults(&self) {
        let faults = self.status.borrow().faults;
        let Some(pauses) = faults.checked_sub(2).and_then(|count| usize::try_from(count).ok()) else { return };
        let mut schedule = backoff(Duration::from_secs(FAULT_PAUSE_S), Duration::from_secs(FAULT_PAUSE_S_MAX)).build();
        // Long before that, pauses are the longest.
        let pause = schedule.nth(pauses.min(16)).unwrap_or_default();
        let message = format!(
            "{faults} attempts in a row ended by a fault of this machine; the next self-test is in {} s",
            pause.as_secs()
        );
        tracing::warn!(faults, ?pause, "pausing after repeated faults");
        self.set(State::Pausing, vec![Problem::new(ProblemCode::RepeatedFaults, message)]);
        sleep(pause).await;
        self.set(State::Testing, Vec::new());
    }

    /// Never leaves `Stopping`.
    fn set(&self, state: State, problems: Vec<Problem>) {
        self.status.send_modify(|status| {
            if status.state != State::Stopping {
                status.state = state;
                status.problems = problems;
            }
        });
    }

    /// Takes no more work, for good.
    pub fn stop(&self) {
        self.set(State::Stopping, Vec::new());
    }

    /// Takes no work until a self-test has passed.
    pub fn note_fault(&self, fault: MachineFault) {
        self.status.send_modify(|status| {
            if status.state == State::Pulling {
                tracing::warn!(fault = fault.as_str(), "testing this machine after a fault");
                status.state = State::Testing;
                status.faults = status.faults.saturating_add(1);
            }
        });
    }

    /// Notes an attempt that ended by itself, well or badly.
    pub fn note_end(&self) {
        self.status.send_if_modified(|status| std::mem::take(&mut status.faults) > 0);
    }

    /// Notes the outcome of a pull.
    pub fn note_pull(&self, pool: Pool, error: Option<String>) {
        let pull = error.map_or(Pull::Works, Pull::Fails);
        self.status.send_if_modified(|status| {
            let last = status.pulls.iter_mut().find(|(of, _)| *of == pool);
            last.is_some_and(|(_, last)| std::mem::replace(last, pull.clone()) != pull)
        });
    }

    /// Marks a run as being worked on; none if it is already. The queue delivers a long task again
    /// while it runs, and a second claim would compete with the first.
    pub fn begin(&self, job_id: JobId, run: u32) -> Option<Running<'_>> {
        let is_new = self.lock_running().insert((job_id, run));
        is_new.then_some(Running { member: self, key: (job_id, run) })
    }

    fn lock_running(&self) -> std::sync::MutexGuard<'_, HashSet<(JobId, u32)>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A run that is being worked on, until dropped.
#[derive(Debug)]
pub struct Running<'a> {
    member: &'a Member,
    key: (JobId, u32),
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.member.lock_running().remove(&self.key);
    }
}

#[cfg(test)]
impl Member {
    /// A member whose self-test has passed.
    pub fn for_test() -> Self {
        let member = Self::new([Pool::Light]);
        member.set(State::Pulling, Vec::new());
        member
    }
}

#[cfg(test)]
mod tests;
