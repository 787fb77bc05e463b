//! Takes a run back from a transcoder that met a fault, and sends another task for it. Bounded: a
//! run that comes back too often fails.

use shared::code::JobErrorCode;
use shared::report::MachineFault;
use shared::time::UnixMillis;

use crate::app::ports::{LeaseStore as _, Ports};
use crate::app::queue_task::queue_task_later;
use crate::domain::error::Error;
use crate::domain::failure::JobFailure;
use crate::domain::job::{TASK_DUE_AFTER_MS, return_pause_ms};
use crate::domain::pause::PAUSE_MS_MAX;
use crate::domain::run::LeaseRef;

/// Queues the run again; returns why it must fail where its attempts or give-backs are used up, or
/// the lease is not held.
pub async fn give_back_task(
    ports: &impl Ports,
    lease: LeaseRef,
    fault: MachineFault,
    now: UnixMillis,
) -> Result<Option<JobFailure>, Error> {
    // Later than the longest pause, so that the sweep sends no second task meanwhile.
    let task_due_at_ms = now.plus_ms(PAUSE_MS_MAX + TASK_DUE_AFTER_MS);
    let Some(returned) = ports.store().give_back_job(lease, fault, task_due_at_ms, now).await? else {
        return Ok(Some(JobFailure::of(code_of(fault))));
    };
    ports.warn(
        "a transcoder gave a run back",
        &[("job.id", &lease.run.job_id), ("fault", &fault), ("returns", &returned.returns)],
    );
    queue_task_later(ports, returned.pool, lease.run, return_pause_ms(returned.returns)).await;
    Ok(None)
}

/// The error code of a run whose give-backs or attempts are used up.
const fn code_of(fault: MachineFault) -> JobErrorCode {
    match fault {
        MachineFault::ScratchFull => JobErrorCode::ScratchFull,
        MachineFault::Unclear => JobErrorCode::AttemptsExhausted,
        MachineFault::ToolFailed
        | MachineFault::ToolKilled
        | MachineFault::ScratchFailed
        | MachineFault::StorageUnreachable
        | MachineFault::EdgeUnreachable => JobErrorCode::TranscodersFailed,
    }
}
