//! Fails a run that no transcoder holds, refunds it, and queues its event.

use shared::code::JobErrorCode;
use shared::time::UnixMillis;

use crate::app::ports::{Ended, Ports, SweepStore as _};
use crate::app::queue_delivery::queue_delivery;
use crate::domain::error::Error;
use crate::domain::failure::JobFailure;
use crate::domain::run::RunRef;
use crate::domain::webhook::EventId;

/// Returns true if this call ended the run, false if the run is leased or has already ended.
pub async fn fail_unleased_job(ports: &impl Ports, run: RunRef, code: JobErrorCode, now: UnixMillis) -> Result<bool, Error> {
    let failure = JobFailure::of(code);
    match ports.store().fail_unleased_job(run, &failure, ports.new_ledger_entry_id(), now).await? {
        Ended::Now { has_callback } => {
            if has_callback {
                queue_delivery(ports, EventId::end(run)).await;
            }
            Ok(true)
        }
        Ended::NotHeld(_) => Ok(false),
    }
}
