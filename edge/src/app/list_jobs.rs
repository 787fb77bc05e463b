//! Reads a part of an account's jobs, newest first. One D1 round trip, the key included.

use crate::app::authenticate::identify;
use crate::app::ports::{JobStore as _, Page, Ports};
use crate::domain::api_key::{KeyHash, Scope};
use crate::domain::error::Error;
use crate::domain::job::{Job, JobState};

/// The jobs below the page's cursor, of one state or of all.
/// Errors: `InvalidApiKey`, `RevokedApiKey`, `MissingScope`.
pub async fn list_jobs(ports: &impl Ports, key: &KeyHash, page: &Page, state: Option<JobState>) -> Result<Vec<Job>, Error> {
    let (key, jobs) = ports.store().list_jobs(key, page, state).await?;
    identify(ports, key, Scope::Jobs)?;
    Ok(jobs)
}
