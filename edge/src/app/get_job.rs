//! Reads one job. One D1 round trip, the key included.

use shared::id::JobId;

use crate::app::authenticate::identify;
use crate::app::ports::{JobStore as _, Ports};
use crate::domain::api_key::{Caller, KeyHash};
use crate::domain::error::Error;
use crate::domain::job::Job;
use crate::domain::scope::Scope;

/// A job of the key's account.
/// Errors: `InvalidApiKey`, `RevokedApiKey`, `JobNotFound`.
pub async fn get_job(ports: &impl Ports, key: &KeyHash, id: JobId) -> Result<Job, Error> {
    get_job_as_caller(ports, key, id).await.map(|(_, job)| job)
}

/// As `get_job`, with the caller that the key identifies.
pub async fn get_job_as_caller(ports: &impl Ports, key: &KeyHash, id: JobId) -> Result<(Caller, Job), Error> {
    let (key, job) = ports.store().find_job_with_key(key, id).await?;
    let caller = identify(ports, key, Scope::Jobs)?;
    Ok((caller, job.ok_or(Error::JobNotFound)?))
}
