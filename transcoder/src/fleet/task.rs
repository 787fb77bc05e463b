//! One task from end to end: claim, fetch, transcode, store, report. The result settles the task's
//! message.
//!
//! Whatever ends an attempt (a result, an error, a cancellation, a timeout, a stop signal) drops
//! the attempt's future, and with it every child process and temporary file.

mod fetch;
mod portrait;
mod store;
mod transcode;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use backon::Retryable;
use shared::code::JobErrorCode;
use shared::id::LeaseId;
use shared::report::{Claim, ClaimAnswer, MachineFault, ReportEvent, StopReason, Work};
use shared::task::{Pool, TranscodeTask};
use shared::time::UnixMillis;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::engine::Programs;
use crate::error::{TaskError, TaskResult};
use crate::ffmpeg::scratch::Scratch;
use crate::fleet::backoff::backoff;
use crate::fleet::edge_client::{CallError, Edge};
use crate::fleet::lease::Lease;
use crate::fleet::member::Member;
use crate::fleet::objects::Objects;
use crate::fleet::queue::Settlement;
use crate::fleet::self_test::ToolTest;
use crate::fleet::source::Fetcher;
use crate::matte::models::Catalog;
use crate::progress::ProgressSink;
use store::{StoredKeys, remove_stored};

/// Delay of the next delivery when the edge did not answer the claim.
/// Units: seconds.
const CLAIM_RETRY_S: u64 = 5;
/// First and longest pause before an unanswered claim is sent again, before jitter.
/// Units: milliseconds.
const CLAIM_PAUSE_MS: u64 = 250;
const CLAIM_PAUSE_MS_MAX: u64 = 5_000;
/// Dependencies of a task: edge, bucket, tools and limits.
#[derive(Debug)]
pub struct Deps<E> {
    /// Grants claims and takes reports.
    pub edge: Arc<E>,
    /// The bucket of uploads and outputs.
    pub objects: Objects,
    /// Fetches sources by URL.
    pub fetcher: Fetcher,
    /// ffmpeg and ffprobe.
    pub programs: Programs,
    /// The operator's matting models.
    pub models: Arc<Catalog>,
    /// Temporary folders.
    pub scratch: Arc<Scratch>,
    /// Whether this machine works.
    pub member: Arc<Member>,
    /// Tries the tools where a job's failure may be theirs.
    pub tools: Arc<ToolTest>,
    /// Longest attempt.
    pub job_timeout: Duration,
    /// How long a claim is repeated that the edge does not answer.
    pub claim_patience: Duration,
    /// How long the edge may be silent before an attempt is given up.
    pub edge_silence: Duration,
    /// How long an attempt may go on after a stop signal.
    pub shutdown_grace: Duration,
}

/// Runs one task.
pub async fn run<E: Edge + 'static>(
    deps: &Deps<E>,
    pool: Pool,
    task: &TranscodeTask,
    shutdown: &CancellationToken,
) -> Settlement {
    let TranscodeTask::TranscodeV1 { job_id, run } = *task;
    let Some(_running) = deps.member.begin(job_id, run) else {
        tracing::info!(job.id = %job_id, run, "a task of a run that is being worked on");
        return Settlement::Ack;
    };
    let claimed_at = Instant::now();
    let claim = Claim { job_id, run, lease_id: LeaseId::from_parts(now(), fastrand::u128(..)) };
    let work = match claim_with_retries(deps, &claim, shutdown).await {
        Ok(ClaimAnswer::Granted(work)) => Arc::new(*work),
        Ok(ClaimAnswer::Refused { reason }) => {
            tracing::info!(job.id = %job_id, run, ?reason, "claim refused");
            return Settlement::Ack;
        }
        Err(error) => {
            tracing::warn!(job.id = %job_id, run, %error, "claim not answered");
            deps.member.note_fault(MachineFault::EdgeUnreachable);
            return Settlement::Retry { delay_s: CLAIM_RETRY_S };
        }
    };
    let request_id = work.request_id.as_deref();
    let span = tracing::info_span!("attempt", job.id = %job_id, run, attempt = work.attempt, request.id = request_id);
    run_attempt(deps, (pool, &work), claimed_at, shutdown).instrument(span).await
}

/// Claims with the same lease id each time, so that a claim whose answer was lost counts once.
async fn claim_with_retries<E: Edge>(
    deps: &Deps<E>,
    claim: &Claim,
    shutdown: &CancellationToken,
) -> Result<ClaimAnswer, CallError> {
    let give_up_at = Instant::now() + deps.claim_patience;
    (|| deps.edge.claim(claim))
        .retry(backoff(Duration::from_millis(CLAIM_PAUSE_MS), Duration::from_millis(CLAIM_PAUSE_MS_MAX)))
        .when(|error| !matches!(error, CallError::Refused(_)) && Instant::now() < give_up_at && !shutdown.is_cancelled())
        .notify(|error, _| tracing::info!(%error, "a claim was not answered; sending it again"))
        .await
}

fn now() -> UnixMillis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMillis::new(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

async fn run_attempt<E: Edge + 'static>(
    deps: &Deps<E>,
    (pool, work): (Pool, &Arc<Work>),
    claimed_at: Instant,
    shutdown: &CancellationToken,
) -> Settlement {
    let lease = Arc::new(Lease::new(Arc::clone(&deps.edge), Arc::clone(work), claimed_at, deps.edge_silence));
    let (sink, progress) = ProgressSink::new();
    let stored = StoredKeys::default();
    tracing::info!("attempt begun");
    // A task of its own: frames that are computed here must not hold up a heartbeat. Dropped with
    // the attempt.
    let mut heartbeats = JoinSet::new();
    let beating = Arc::clone(&lease);
    heartbeats.spawn(async move { beating.send_heartbeats(progress).await }.in_current_span());
    let outcome = tokio::select! {
        outcome = produce(deps, (pool, work), &lease, &sink, &stored) => outcome,
        Some(ended) = heartbeats.join_next() => {
            Err(ended.unwrap_or_else(|error| TaskError::Transient(format!("the heartbeats ended: {error}"))))
        }
        () = sleep(deps.job_timeout) => Err(timed_out(deps)),
        () = grace_over(shutdown, deps.shutdown_grace) => {
            heartbeats.shutdown().await;
            lease.release().await;
            tracing::info!("attempt given back");
            remove_stored(deps, &stored).await;
            return Settlement::Retry { delay_s: 0 };
        }
    };
    heartbeats.shutdown().await;
    let duration_ms = u64::try_from(claimed_at.elapsed().as_millis()).unwrap_or(u64::MAX);
    let is_complete = outcome.is_ok();
    let reported = report_end(deps, &lease, outcome, duration_ms).await;
    if is_unwanted(&reported, is_complete) {
        remove_stored(deps, &stored).await;
    }
    settlement(reported, work)
}

/// An attempt that waited for the bucket had no time of its own.
fn timed_out<E>(deps: &Deps<E>) -> TaskError {
    const DETAIL: &str = "the attempt took too long";
    if deps.objects.is_away() {
        return TaskError::machine(MachineFault::StorageUnreachable, DETAIL);
    }
    TaskError::with_detail(JobErrorCode::TimedOut, DETAIL)
}

/// Reports how the attempt ended, and notes it for this member.
async fn report_end<E: Edge>(
    deps: &Deps<E>,
    lease: &Lease<E>,
    outcome: TaskResult<ReportEvent>,
    duration_ms: u64,
) -> TaskResult<()> {
    let outcome = match outcome {
        Err(TaskError::Permanent { code, detail, .. }) if may_be_the_tools(code) && !deps.tools.works().await => {
            Err(TaskError::machine(MachineFault::ToolFailed, format!("{}: {detail}", code.as_str())))
        }
        outcome => outcome,
    };
    match outcome {
        Ok(event) => {
            deps.member.note_end();
            let transferred = matches!(event, ReportEvent::Transfer);
            tracing::info!(duration_ms, "{}", if transferred { "attempt transferred" } else { "attempt complete" });
            lease.report(event).await
        }
        Err(TaskError::Permanent { code, message, detail }) => {
            deps.member.note_end();
            tracing::info!(duration_ms, code = code.as_str(), detail, "attempt failed");
            lease.report(ReportEvent::Fail { code, message }).await
        }
        Err(TaskError::Machine { fault, detail }) => {
            deps.member.note_fault(fault);
            tracing::warn!(duration_ms, fault = fault.as_str(), detail, "attempt given back");
            if fault == MachineFault::EdgeUnreachable {
                return Err(TaskError::Machine { fault, detail });
            }
            lease.report(ReportEvent::GiveBack { fault }).await
        }
        Err(TaskError::Transient(detail)) => {
            tracing::warn!(duration_ms, detail, "attempt given back; it counts");
            lease.report(ReportEvent::GiveBack { fault: MachineFault::Unclear }).await
        }
        Err(error @ TaskError::Stopped(_)) => Err(error),
    }
}

/// Whether tools that do not work on this machine would fail a good job with this code.
const fn may_be_the_tools(code: JobErrorCode) -> bool {
    matches!(
        code,
        JobErrorCode::SourceNotVideo
            | JobErrorCode::SourceUndecodable
            | JobErrorCode::SourceTruncated
            | JobErrorCode::SourceNoFrames
            | JobErrorCode::BackdropUnusable
            | JobErrorCode::BackgroundUnusable
            | JobErrorCode::PictureUnusable
            | JobErrorCode::SoundUnusable
            | JobErrorCode::EncodeFailed
            | JobErrorCode::VerifyFailed
            | JobErrorCode::Internal
    )
}

/// True if the stored objects can be removed. They stay after an unanswered completion, which the
/// edge may have recorded, and after `Over`, which may be a consequence of it.
const fn is_unwanted(reported: &TaskResult<()>, is_complete: bool) -> bool {
    match reported {
        Err(TaskError::Stopped(reason)) => matches!(reason, StopReason::Canceled | StopReason::LeaseLost),
        Ok(()) | Err(TaskError::Machine { .. } | TaskError::Transient(_) | TaskError::Permanent { .. }) => !is_complete,
    }
}

fn settlement(reported: TaskResult<()>, work: &Work) -> Settlement {
    // A later claim must find the lease over, so that it counts as another attempt.
    let after_lease = Settlement::Retry { delay_s: work.lease_duration_ms.div_ceil(1_000) + 1 };
    match reported {
        Ok(()) => Settlement::Ack,
        // The holder of the lease, or the edge's sweep, continues the job without this message.
        Err(TaskError::Stopped(reason @ (StopReason::Canceled | StopReason::Over | StopReason::LeaseLost))) => {
            tracing::info!(?reason, "attempt stopped");
            Settlement::Ack
        }
        Err(error @ (TaskError::Machine { .. } | TaskError::Transient(_) | TaskError::Permanent { .. })) => {
            tracing::warn!(%error, "the end of the attempt was not reported");
            after_lease
        }
    }
}

async fn produce<E: Edge>(
    deps: &Deps<E>,
    (pool, work): (Pool, &Work),
    lease: &Lease<E>,
    sink: &ProgressSink,
    stored: &StoredKeys,
) -> TaskResult<ReportEvent> {
    match &work.portrait {
        Some(portrait) => portrait::render(deps, work, portrait, lease, sink, stored).await,
        None => transcode::transcode(deps, (pool, work), lease, sink, stored).await,
    }
}

async fn grace_over(shutdown: &CancellationToken, grace: Duration) {
    shutdown.cancelled().await;
    sleep(grace).await;
}

#[cfg(test)]
mod tests;
