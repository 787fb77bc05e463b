//! The lease of an attempt: every accepted report extends it; without one it runs out.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use backon::BackoffBuilder;
use shared::report::{Report, ReportAnswer, ReportEvent, Work};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::error::{TaskError, TaskResult};
use crate::fleet::backoff::backoff;
use crate::fleet::edge_client::Edge;
use crate::progress::Progress;

/// Heartbeats within the duration of a lease.
const BEATS_PER_LEASE: u32 = 4;
/// First pause before a report is tried again.
/// Units: milliseconds.
const RETRY_PAUSE_MS: u64 = 100;

/// One lease. The local clock decides when it is over, counted from before the request was sent:
/// never later than the edge's own end.
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

    /// Reports until the edge answers or the lease is over.
    pub async fn report(&self, event: ReportEvent) -> TaskResult<()> {
        let mut pauses = backoff(Duration::from_millis(RETRY_PAUSE_MS), self.beat() / 2).build();
        loop {
            let Some(error) = self.report_once(event.clone()).await? else { return Ok(()) };
            let next_at = Instant::now() + pauses.next().unwrap_or_else(|| self.beat());
            if next_at >= self.expires_at() {
                return Err(TaskError::Transient(format!("the lease ran out while reporting: {error}")));
            }
            tracing::warn!(error, "a report was not answered");
            sleep_until(next_at).await;
        }
    }

    /// Sends heartbeats with the progress until there is a reason to stop, and returns that reason.
    pub async fn send_heartbeats(&self, mut progress: watch::Receiver<Progress>) -> TaskError {
        let mut reported_stage = None;
        let mut beat_at = Instant::now();
        loop {
            tokio::select! {
                () = sleep_until(beat_at) => {}
                changed = progress.changed(), if reported_stage.is_some() => {
                    if changed.is_err() || reported_stage == Some(progress.borrow_and_update().stage) {
                        continue;
                    }
                }
            }
            let Progress { stage, percent, .. } = *progress.borrow_and_update();
            beat_at = Instant::now() + self.beat();
            match self.report_once(ReportEvent::Progress { stage, progress_percent: percent }).await {
                Ok(None) => reported_stage = Some(stage),
                Ok(Some(error)) => {
                    if Instant::now() >= self.expires_at() {
                        return TaskError::Transient(format!("the lease ran out without an answer: {error}"));
                    }
                    tracing::warn!(error, "a heartbeat was not answered");
                    beat_at = (Instant::now() + self.beat() / 4).min(self.expires_at());
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
        match timeout_at(self.expires_at(), self.edge.report(&report)).await {
            Ok(Ok(ReportAnswer::Accepted { .. })) => {
                let mut expires_at = self.expires_at.lock().unwrap_or_else(PoisonError::into_inner);
                *expires_at = (*expires_at).max(sent_at + Duration::from_millis(self.work.lease_duration_ms));
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
