//! Cancels a job if it runs, and hides it.

use shared::id::JobId;

use crate::app::ports::{JobStore as _, Ports};
use crate::domain::api_key::{self, KeyHash, Scope};
use crate::domain::error::Error;

/// Deleting twice is fine. The transcoder hears of it at its next heartbeat; the reserve comes back at once.
/// Errors: `InvalidApiKey`, `RevokedApiKey`, `JobNotFound`.
pub async fn delete_job(ports: &impl Ports, key: &KeyHash, id: JobId) -> Result<(), Error> {
    let (key, existed) = ports.store().delete_job(key, id, ports.new_ledger_entry_id(), ports.now()).await?;
    api_key::identify(key, Scope::Jobs, ports.now())?;
    if existed { Ok(()) } else { Err(Error::JobNotFound) }
}
