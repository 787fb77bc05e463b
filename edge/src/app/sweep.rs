//! The work of the cron trigger, each minute: recovers lost tasks and events, and removes expired
//! data. Every step is bounded and safe to repeat.

use shared::code::JobErrorCode;
use shared::task::{Pool, TranscodeTask};
use shared::time::UnixMillis;

use crate::app::fail_unleased_job::fail_unleased_job;
use crate::app::ports::{
    DeliveryStore as _, GenerationStore as _, IdempotencyStore as _, Ports, ProviderWake, SweepStore as _, TaskQueue as _,
};
use crate::app::remove_job_objects::remove_expired_job_objects;
use crate::app::remove_old_uploads::remove_old_uploads;
use crate::domain::error::Error;
use crate::domain::job::QUEUE_TIMEOUT_MS;
use crate::domain::run::RunRef;
use crate::domain::webhook::UNCONFIRMED_AFTER_MS;

/// Most jobs that one step of one sweep touches. One queue batch holds 100 messages; D1 allows
/// 1,000 queries per invocation.
const JOBS_PER_STEP_MAX: u32 = 100;

/// Most jobs whose objects one sweep removes: each costs a few calls of R2.
const JOBS_CLEANED_MAX: u32 = 20;

/// Most uploads that one sweep removes: one call of R2 and one of D1 each.
const UPLOADS_REMOVED_MAX: u32 = 50;

/// The counts of one sweep, for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    pub requeued: usize,
    pub exhausted: usize,
    pub timed_out: usize,
    pub tasks_sent: usize,
    pub idempotency_keys_deleted: usize,
    pub senders_woken: usize,
    pub generations_woken: usize,
    pub jobs_emptied: usize,
    pub uploads_removed: usize,
}

/// Fails runs past their limits, requeues runs of dead transcoders, resends lost tasks and events,
/// removes expired objects.
pub async fn sweep(ports: &impl Ports) -> Result<Swept, Error> {
    let now = ports.now();
    let exhausted = ports.store().list_exhausted_jobs(now, JOBS_PER_STEP_MAX).await?;
    let exhausted = fail_all(ports, &exhausted, JobErrorCode::AttemptsExhausted, now).await?;
    let requeued = ports.store().requeue_expired_leases(now, JOBS_PER_STEP_MAX).await?;
    let queue_deadline = UnixMillis::new(now.as_u64().saturating_sub(QUEUE_TIMEOUT_MS));
    let timed_out = ports.store().list_jobs_queued_before(queue_deadline, JOBS_PER_STEP_MAX).await?;
    let timed_out = fail_all(ports, &timed_out, JobErrorCode::QueueTimeout, now).await?;
    let due = ports.store().take_due_tasks(now, JOBS_PER_STEP_MAX).await?;
    for pool in Pool::ALL {
        let due = due.iter().filter(|(waits_in, _)| *waits_in == pool);
        let tasks: Vec<_> = due.map(|(_, run)| TranscodeTask::TranscodeV1 { job_id: run.job_id, run: run.run }).collect();
        if !tasks.is_empty() {
            ports.tasks().send(pool, &tasks).await?;
        }
    }
    let idempotency_keys_deleted = ports.store().delete_old_idempotency_keys(now, JOBS_PER_STEP_MAX).await?;
    // Only what is late: the sender may be working on what is due now.
    let late = UnixMillis::new(now.as_u64().saturating_sub(UNCONFIRMED_AFTER_MS));
    let events = ports.store().list_due_deliveries(late, JOBS_PER_STEP_MAX).await?;
    if !events.is_empty() {
        ports.tasks().wake_sender(&events, 0).await?;
    }
    let orders = ports.store().list_due_generations(late, JOBS_PER_STEP_MAX).await?;
    if !orders.is_empty() {
        let wakes: Vec<_> = orders.iter().copied().map(ProviderWake::Due).collect();
        ports.tasks().wake_provider(&wakes, 0).await?;
    }
    let jobs_emptied = remove_expired_job_objects(ports, now, JOBS_CLEANED_MAX).await?;
    let uploads_removed = remove_old_uploads(ports, now, UPLOADS_REMOVED_MAX).await?;
    Ok(Swept {
        jobs_emptied,
        uploads_removed,
        senders_woken: events.len(),
        generations_woken: orders.len(),
        requeued,
        exhausted,
        timed_out,
        tasks_sent: due.len(),
        idempotency_keys_deleted,
    })
}

async fn fail_all(ports: &impl Ports, runs: &[RunRef], code: JobErrorCode, now: UnixMillis) -> Result<usize, Error> {
    let mut failed = 0;
    for run in runs {
        let ended = fail_unleased_job(ports, *run, code, now).await?;
        failed += usize::from(ended);
    }
    Ok(failed)
}
