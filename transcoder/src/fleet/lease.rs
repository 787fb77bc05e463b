//! The right to work, and keeping it: every accepted report extends it, and without one it runs out.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use shared::report::{Report, ReportAnswer, ReportEvent, Work};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::error::{TaskError, TaskResult};
use crate::fleet::edge_client::Edge;
use crate::progress::Progress;

/// Heartbeats in the life of a lease.
const BEATS_PER_LEASE: u32 = 4;
/// First pause before a report is tried again; it doubles up to a beat.
/// Units: milliseconds.
const RETRY_PAUSE_MS: u64 = 200;

/// One lease. Our clock alone decides when it is over, counted from before the edge was asked: always the earlier end.
#[derive(Debug)]
pub struct Lease<'a, E> {
    edge: &'a E,
    work: &'a Work,
    expires_at: Mutex<Instant>,
}

impl<'a, E: Edge> Lease<'a, E> {
    /// The lease that came with `work`, which was asked for at `claimed_at`.
    pub fn new(edge: &'a E, work: &'a Work, claimed_at: Instant) -> Self {
        let expires_at = Mutex::new(claimed_at + Duration::from_millis(work.lease_duration_ms));
        Self { edge, work, expires_at }
    }

    /// Says it until it is heard or the lease is over.
    pub async fn insist(&self, event: ReportEvent) -> TaskResult<()> {
        let mut pause = Duration::from_millis(RETRY_PAUSE_MS);
        loop {
            let Some(error) = self.say(event.clone()).await? else { return Ok(()) };
            let next_at = Instant::now() + pause.mul_f32(0.5 + fastrand::f32() / 2.0);
            if next_at >= self.expires_at() {
                return Err(TaskError::Transient(format!("the lease ran out while reporting: {error}")));
            }
            tracing::warn!(error, "a report was not heard");
            sleep_until(next_at).await;
            pause = (pause * 2).min(self.beat());
        }
    }

    /// Reports progress until there is a reason to stop, and returns that.
    pub async fn keep(&self, mut progress: watch::Receiver<Progress>) -> TaskError {
        let mut told_stage = None;
        let mut beat_at = Instant::now();
        loop {
            tokio::select! {
                () = sleep_until(beat_at) => {}
                changed = progress.changed(), if told_stage.is_some() => {
                    if changed.is_err() || told_stage == Some(progress.borrow_and_update().stage) {
                        continue;
                    }
                }
            }
            let Progress { stage, percent, .. } = *progress.borrow_and_update();
            beat_at = Instant::now() + self.beat();
            match self.say(ReportEvent::Progress { stage, progress_percent: percent }).await {
                Ok(None) => told_stage = Some(stage),
                Ok(Some(error)) => {
                    if Instant::now() >= self.expires_at() {
                        return TaskError::Transient(format!("the lease ran out unheard: {error}"));
                    }
                    tracing::warn!(error, "a heartbeat was not heard");
                    beat_at = (Instant::now() + self.beat() / 4).min(self.expires_at());
                }
                Err(stopped) => return stopped,
            }
        }
    }

    /// Gives the work back; tried once, since the lease runs out anyway.
    pub async fn release(&self) {
        match self.say(ReportEvent::Release).await {
            Ok(None) => {}
            Ok(Some(error)) => tracing::warn!(error, "the release was not heard"),
            Err(stopped) => tracing::info!(%stopped, "the release was not needed"),
        }
    }

    /// Says it once. `Ok(Some)` is the reason why it was not heard.
    async fn say(&self, event: ReportEvent) -> TaskResult<Option<String>> {
        let Work { job_id, run, lease_id, .. } = *self.work;
        let said_at = Instant::now();
        let report = Report::ReportV1 { job_id, run, lease_id, event };
        match timeout_at(self.expires_at(), self.edge.report(&report)).await {
            Ok(Ok(ReportAnswer::Accepted { .. })) => {
                let mut expires_at = self.expires_at.lock().unwrap_or_else(PoisonError::into_inner);
                *expires_at = (*expires_at).max(said_at + Duration::from_millis(self.work.lease_duration_ms));
                Ok(None)
            }
            Ok(Ok(ReportAnswer::Stop { reason })) => Err(TaskError::Stopped(reason)),
            Ok(Err(error)) => Ok(Some(error.to_string())),
            Err(_) => Err(TaskError::Transient("the lease ran out while the edge was silent".to_owned())),
        }
    }

    fn expires_at(&self) -> Instant {
        *self.expires_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn beat(&self) -> Duration {
        Duration::from_millis(self.work.lease_duration_ms) / BEATS_PER_LEASE
    }
}
