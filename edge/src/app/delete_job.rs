//! Cancels a job if it runs, and hides it.

use shared::id::JobId;

use crate::app::announce::announce;
use crate::app::ports::{Deleted, JobStore as _, Ports};
use crate::domain::api_key::{self, KeyHash, Scope};
use crate::domain::error::Error;

/// Deleting twice is fine. The transcoder hears of it at its next heartbeat; the reserve comes back at once.
/// Errors: `InvalidApiKey`, `RevokedApiKey`, `JobNotFound`.
pub async fn delete_job(ports: &impl Ports, key: &KeyHash, id: JobId) -> Result<(), Error> {
    let now = ports.now();
    let (key, deleted) = ports.store().delete_job(key, id, ports.new_ledger_entry_id(), now).await?;
    api_key::identify(key, Scope::Jobs, now)?;
    match deleted {
        Deleted::Now { run, has_callback } => {
            if has_callback {
                announce(ports, run).await;
            }
            Ok(())
        }
        Deleted::Before => Ok(()),
        Deleted::Never => Err(Error::JobNotFound),
    }
}
