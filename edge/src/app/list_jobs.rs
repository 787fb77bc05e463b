//! Reads a part of an account's jobs, newest first. One D1 round trip, the key included.

use shared::time::UnixMillis;

use crate::app::authenticate::identify;
use crate::app::ports::{AccountStore as _, JobStore as _, JobSums, Page, Ports};
use crate::domain::api_key::{ApiKey, KeyHash};
use crate::domain::dialect::KeyDialect;
use crate::domain::error::Error;
use crate::domain::job::{Job, JobState};
use crate::domain::scope::Scope;

/// A page of jobs, and the dialect that the key selects for paths shared by several dialects.
pub struct JobList {
    pub dialect: KeyDialect,
    pub jobs: Vec<Job>,
}

/// The jobs below the page's cursor, of some states or of all.
/// Errors: `InvalidApiKey`, `RevokedApiKey`, `MissingScope`.
pub async fn list_jobs(ports: &impl Ports, key: &KeyHash, page: &Page, states: &[JobState]) -> Result<JobList, Error> {
    let (key, jobs) = ports.store().list_jobs(key, page, states).await?;
    with_dialect(ports, key, jobs)
}

/// The number of the account's jobs since an instant, by outcome, and their credits.
/// Errors: `InvalidApiKey`, `RevokedApiKey`, `MissingScope`.
pub async fn sum_jobs(ports: &impl Ports, key: &KeyHash, since: UnixMillis) -> Result<JobSums, Error> {
    let (key, sums) = ports.store().sum_jobs(key, since).await?;
    identify(ports, key, Scope::Jobs)?;
    Ok(sums)
}

/// The dialect in which a key reads lists on shared paths.
/// Errors: `InvalidApiKey`, `RevokedApiKey`, `MissingScope`.
pub async fn find_dialect(ports: &impl Ports, key: &KeyHash) -> Result<KeyDialect, Error> {
    let key = ports.store().find_api_key(key).await?;
    with_dialect(ports, key, Vec::new()).map(|listed| listed.dialect)
}

fn with_dialect(ports: &impl Ports, key: Option<ApiKey>, jobs: Vec<Job>) -> Result<JobList, Error> {
    let dialect = key.as_ref().map_or(KeyDialect::Bgless, |key| key.dialect);
    identify(ports, key, Scope::Jobs)?;
    Ok(JobList { dialect, jobs })
}
