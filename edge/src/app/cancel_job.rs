//! Cancels a job that waits. Unlike a deletion it leaves the job visible, and a run in work cannot
//! be canceled.

use shared::id::JobId;

use crate::app::authenticate::identify;
use crate::app::ports::{Canceled, JobStore as _, Ports};
use crate::app::queue_delivery::queue_delivery;
use crate::domain::api_key::KeyHash;
use crate::domain::error::Error;
use crate::domain::scope::Scope;
use crate::domain::webhook::EventId;

/// Refunds the reserve at once.
/// Errors: `InvalidApiKey`, `RevokedApiKey`, `MissingScope`, `JobNotFound`, `JobNotCancelable`.
pub async fn cancel_job(ports: &impl Ports, key: &KeyHash, id: JobId) -> Result<(), Error> {
    let now = ports.now();
    let (key, canceled) = ports.store().cancel_job(key, id, ports.new_ledger_entry_id(), now).await?;
    identify(ports, key, Scope::Jobs)?;
    match canceled {
        Canceled::Now { run, has_callback } => {
            if has_callback {
                queue_delivery(ports, EventId::end(run)).await;
            }
            Ok(())
        }
        Canceled::NotCancelable => Err(Error::JobNotCancelable),
        Canceled::Never => Err(Error::JobNotFound),
    }
}
