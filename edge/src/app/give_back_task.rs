//! Takes a run back from a transcoder that met a fault, and sends another task for it. Bounded: a
//! run that comes back too often fails.

use shared::code::JobErrorCode;
use shared::report::MachineFault;
use shared::time::UnixMillis;

use crate::app::ports::{Ended, Held, LeaseStore as _, Ports};
use crate::app::queue_delivery::queue_delivery;
use crate::app::queue_task::queue_task_later;
use crate::domain::error::Error;
use crate::domain::failure::JobFailure;
use crate::domain::job::{TASK_DUE_AFTER_MS, return_pause_ms};
use crate::domain::run::LeaseRef;
use crate::domain::webhook::EventId;

/// Queues the run again, or fails and refunds it where its attempts or give-backs are used up.
pub async fn give_back_task(ports: &impl Ports, lease: LeaseRef, fault: MachineFault, now: UnixMillis) -> Result<Held, Error> {
    // Later than the longest pause, so that the sweep sends no second task meanwhile.
    let task_due_at_ms = now.plus_ms(return_pause_ms(u32::MAX)).plus_ms(TASK_DUE_AFTER_MS);
    if let Some(returned) = ports.store().give_back_job(lease, fault, task_due_at_ms, now).await? {
        ports.warn(
            "a transcoder gave a run back",
            &[("job.id", &lease.run.job_id), ("fault", &fault), ("returns", &returned.returns)],
        );
        queue_task_later(ports, returned.pool, lease.run, return_pause_ms(returned.returns)).await;
        return Ok(Held::Done);
    }
    let failure = JobFailure::of(code_of(fault));
    let ended = ports.store().fail_leased_job(lease, &failure, ports.new_ledger_entry_id(), now).await?;
    Ok(match ended {
        Ended::Now { has_callback } => {
            if has_callback {
                queue_delivery(ports, EventId::end(lease.run)).await;
            }
            Held::Done
        }
        Ended::NotHeld(status) => Held::NotHeld(status),
    })
}

/// Why a run that came back too often fails.
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
