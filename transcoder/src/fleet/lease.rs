//! The lease of an attempt: every accepted report extends it.
//!
//! A lease that expired while the edge was silent is not given up: until another transcoder claims
//! the run, the edge accepts reports under it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backon::BackoffBuilder;
use shared::report::{MachineFault, Report, ReportAnswer, ReportEvent, Work};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::error::{TaskError, TaskResult};
use crate::fleet::backoff::backoff;
use crate::fleet::edge_client::{CallError, Edge};
use crate::progress::Progress;

/// Heartbeats within the duration of a lease, at least.
const BEATS_PER_LEASE: u32 = 4;
/// Longest time between two heartbeats: customers see the progress that they carry, and a canceled
/// job stops at the next one.
/// Units: seconds.
const BEAT_S_MAX: u64 = 15;
/// Stages follow each other within milliseconds in a job that fails at once: a new one is reported
/// no sooner than this after the last report, in parts of the pause between heartbeats.
const STAGE_PAUSES_PER_BEAT: u32 = 8;
/// First and longest pause before a report is tried again, before jitter.
/// Units: milliseconds.
const RETRY_PAUSE_MS: u64 = 100;
const RETRY_PAUSE_MS_MAX: u64 = 5_000;

/// One lease.
#[derive(Debug)]
pub struct Lease<E> {
    edge: Arc<E>,
    work: Arc<Work>,
    /// When the last accepted report was sent, or the claim.
    accepted_at: Mutex<Instant>,
    /// How long the edge may be silent before the attempt is given up.
    silence_max: Duration,
}

impl<E: Edge> Lease<E> {
    /// The lease that came with `work`, which was asked for at `claimed_at`.
    pub fn new(edge: Arc<E>, work: Arc<Work>, claimed_at: Instant, silence_max: Duration) -> Self {
        let silence_max = silence_max.max(Duration::from_millis(work.lease_duration_ms));
        Self { edge, work, accepted_at: Mutex::new(claimed_at), silence_max }
    }

    /// Reports until the edge answers, or has been silent for too long.
    pub async fn report(&self, event: ReportEvent) -> TaskResult<()> {
        let longest = Duration::from_millis(RETRY_PAUSE_MS_MAX).min(self.beat() / 2);
        let mut pauses = backoff(Duration::from_millis(RETRY_PAUSE_MS), longest).build();
        loop {
            let Some(error) = self.report_once(event.clone()).await? else { return Ok(()) };
            let next_at = Instant::now() + pauses.next().unwrap_or(longest);
            if next_at >= self.give_up_at() {
                return Err(silent(&error));
            }
            tracing::warn!(error, "a report was not answered; trying again");
            sleep_until(next_at).await;
        }
    }

    /// Sends heartbeats with the progress until there is a reason to stop, and returns that reason.
    pub async fn send_heartbeats(&self, mut progress: watch::Receiver<Progress>) -> TaskError {
        let longest = Duration::from_millis(RETRY_PAUSE_MS_MAX).min(self.beat() / 2);
        let first = Duration::from_millis(RETRY_PAUSE_MS);
        let mut pauses = backoff(first, longest).build();
        let mut reported_stage = None;
        // The claim itself was the first sign of life.
        let mut stage_at = Instant::now() + self.beat() / STAGE_PAUSES_PER_BEAT;
        let mut beat_at = Instant::now() + self.beat();
        loop {
            // Also ready when the sender is gone; the heartbeats go on then.
            let new_stage = async {
                sleep_until(stage_at).await;
                progress.wait_for(|progress| reported_stage != Some(progress.stage)).await.is_ok()
            };
            tokio::select! {
                () = sleep_until(beat_at) => {}
                is_new = new_stage => if !is_new {
                    sleep_until(beat_at).await;
                },
            }
            let Progress { stage, percent, .. } = *progress.borrow_and_update();
            let sent_at = Instant::now();
            beat_at = sent_at + self.beat();
            stage_at = sent_at + self.beat() / STAGE_PAUSES_PER_BEAT;
            match self.report_once(ReportEvent::Progress { stage, progress_percent: percent }).await {
                Ok(None) => {
                    reported_stage = Some(stage);
                    pauses = backoff(first, longest).build();
                }
                Ok(Some(error)) => {
                    if Instant::now() >= self.give_up_at() {
                        return silent(&error);
                    }
                    tracing::warn!(error, "a heartbeat was not answered; trying again");
                    beat_at = Instant::now() + pauses.next().unwrap_or(longest);
                    stage_at = beat_at;
                }
                Err(stopped) => return stopped,
            }
        }
    }

    /// Gives the attempt back; tried once, since the lease runs out anyway.
    pub async fn release(&self) {
        match self.report_once(ReportEvent::Release).await {
            Ok(None) => {}
            Ok(Some(error)) => tracing::warn!(error, "the release was not answered"),
            Err(stopped) => tracing::info!(%stopped, "the release was not needed"),
        }
    }

    /// Reports once. `Ok(Some)` is the reason why no answer came.
    async fn report_once(&self, event: ReportEvent) -> TaskResult<Option<String>> {
        let Work { job_id, run, lease_id, .. } = *self.work;
        let sent_at = Instant::now();
        let report = Report::ReportV1 { job_id, run, lease_id, event };
        match timeout_at(self.give_up_at(), self.edge.report(&report)).await {
            Ok(Ok(ReportAnswer::Accepted { .. })) => {
                let mut accepted_at = self.accepted_at.lock().unwrap_or_else(PoisonError::into_inner);
                *accepted_at = (*accepted_at).max(sent_at);
                Ok(None)
            }
            Ok(Ok(ReportAnswer::Stop { reason })) => Err(TaskError::Stopped(reason)),
            Ok(Err(error @ CallError::Refused(_))) => Err(TaskError::Transient(error.to_string())),
            Ok(Err(error @ (CallError::Unanswered(_) | CallError::Forbidden(_)))) => Ok(Some(error.to_string())),
            Err(_) => Ok(Some("no answer in time".to_owned())),
        }
    }

    fn give_up_at(&self) -> Instant {
        *self.accepted_at.lock().unwrap_or_else(PoisonError::into_inner) + self.silence_max
    }

    fn beat(&self) -> Duration {
        (Duration::from_millis(self.work.lease_duration_ms) / BEATS_PER_LEASE).min(Duration::from_secs(BEAT_S_MAX))
    }
}

fn silent(error: &str) -> TaskError {
    TaskError::machine(MachineFault::EdgeUnreachable, format!("the edge was silent for too long: {error}"))
}
