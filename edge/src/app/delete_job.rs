//! Deletes a job: cancels it if it is not over, hides it, and removes its objects.

use shared::id::JobId;

use crate::app::authenticate::identify;
use crate::app::ports::{Deleted, JobStore as _, Ports};
use crate::app::queue_delivery::queue_delivery;
use crate::app::remove_job_objects::remove_job_objects;
use crate::domain::api_key::KeyHash;
use crate::domain::error::Error;
use crate::domain::run::RunRef;
use crate::domain::scope::Scope;
use crate::domain::webhook::EventId;

/// Deleting twice succeeds. The transcoder learns of it at its next heartbeat; the reserve is
/// refunded at once.
/// Errors: `InvalidApiKey`, `RevokedApiKey`, `JobNotFound`.
pub async fn delete_job(ports: &impl Ports, key: &KeyHash, id: JobId) -> Result<(), Error> {
    let now = ports.now();
    let (key, deleted) = ports.store().delete_job(key, id, ports.new_ledger_entry_id(), now).await?;
    identify(ports, key, Scope::Jobs)?;
    match deleted {
        Deleted::Now { run, has_callback } => {
            if has_callback {
                queue_delivery(ports, EventId::end(run)).await;
            }
            empty(ports, run).await;
            Ok(())
        }
        Deleted::Before => Ok(()),
        Deleted::Never => Err(Error::JobNotFound),
    }
}

/// Best effort; the sweep repeats it.
async fn empty(ports: &impl Ports, run: RunRef) {
    let jobs_emptied = match ports.store().find_job(run.job_id).await {
        Ok(Some(job)) => remove_job_objects(ports, &job).await,
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    if let Err(error) = jobs_emptied {
        ports.warn("a deleted job's objects are left to the sweep", &[("job.id", &run.job_id), ("error", &error)]);
    }
}
