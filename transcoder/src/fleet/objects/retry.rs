//! Retries of the bucket: with exponential back-off and jitter, for as long as the caller waits.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_sdk_s3::error::SdkError;
use backon::{BackoffBuilder, ExponentialBackoff};
use shared::report::MachineFault;
use tokio::time::{Instant, sleep};

use super::{Objects, chain};
use crate::error::{TaskError, TaskResult};
use crate::fleet::backoff::backoff;

/// First and longest pause before a request is repeated, before jitter.
/// Units: milliseconds.
const PAUSE_MS: u64 = 500;
const PAUSE_MS_MAX: u64 = 5_000;
/// How long a download is repeated while no byte comes. Little is lost when another machine, with
/// another way to the bucket, begins the task anew.
/// Units: seconds. Five minutes.
pub const READ_PATIENCE_S: u64 = 5 * 60;
/// How long the removal of an object and the abort of an upload are repeated.
/// Units: seconds.
pub const REMOVE_PATIENCE_S: u64 = 60;

const REQUEST_TIMEOUT: u16 = 408;
const TOO_MANY_REQUESTS: u16 = 429;

/// Failure of a request to the bucket.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    /// It does not answer, or says that it cannot now.
    #[error("the bucket is away: {0}")]
    Away(String),
    /// It refuses the request; another try fails as well.
    #[error("the bucket refused a request: {0}")]
    Refused(String),
    /// Not the bucket's failure.
    #[error(transparent)]
    Task(#[from] TaskError),
}

impl<E: std::error::Error + 'static> From<SdkError<E>> for BucketError {
    fn from(error: SdkError<E>) -> Self {
        match status(&error) {
            Some(REQUEST_TIMEOUT | TOO_MANY_REQUESTS) | None => Self::Away(chain(&error)),
            Some(400..500) => Self::Refused(chain(&error)),
            Some(_) => Self::Away(chain(&error)),
        }
    }
}

impl From<BucketError> for TaskError {
    fn from(error: BucketError) -> Self {
        match error {
            BucketError::Away(_) | BucketError::Refused(_) => Self::machine(MachineFault::StorageUnreachable, error.to_string()),
            BucketError::Task(error) => error,
        }
    }
}

/// The HTTP status of an answer, if one came.
pub fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// The retries of one request, or of one download.
#[derive(Debug)]
pub struct Retries<'a> {
    objects: &'a Objects,
    patience: Option<Duration>,
    give_up_at: Option<Instant>,
    pauses: ExponentialBackoff,
    outage: Option<Outage<'a>>,
}

impl<'a> Retries<'a> {
    /// Repeats for `patience`, or for as long as the caller waits.
    pub fn new(objects: &'a Objects, patience: Option<Duration>) -> Self {
        let mut retries = Self { objects, patience, give_up_at: None, pauses: pauses(), outage: None };
        retries.restart();
        retries
    }

    /// Counts from now, after a success.
    pub fn restart(&mut self) {
        self.give_up_at = self.patience.map(|patience| Instant::now() + patience);
        self.pauses = pauses();
        self.outage = None;
    }

    /// Waits for the next try. Errors: this one, if there is none.
    pub async fn wait(&mut self, error: BucketError) -> TaskResult<()> {
        let is_away = matches!(error, BucketError::Away(_));
        if !is_away || self.give_up_at.is_some_and(|at| Instant::now() >= at) {
            return Err(error.into());
        }
        if self.outage.is_none() {
            tracing::warn!(%error, "trying again");
            self.outage = Some(Outage::begin(&self.objects.outages));
        }
        sleep(self.pauses.next().unwrap_or(Duration::from_millis(PAUSE_MS_MAX))).await;
        Ok(())
    }
}

fn pauses() -> ExponentialBackoff {
    backoff(Duration::from_millis(PAUSE_MS), Duration::from_millis(PAUSE_MS_MAX)).build()
}

/// Repeats a request while the bucket is away.
pub async fn persist<T, F>(objects: &Objects, patience: Option<Duration>, request: impl Fn() -> F) -> TaskResult<T>
where
    F: Future<Output = Result<T, BucketError>>,
{
    let mut retries = Retries::new(objects, patience);
    loop {
        match request().await {
            Ok(answer) => return Ok(answer),
            Err(error) => retries.wait(error).await?,
        }
    }
}

/// A request that waits for the bucket to come back, until dropped.
#[derive(Debug)]
struct Outage<'a>(&'a AtomicUsize);

impl<'a> Outage<'a> {
    fn begin(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Outage<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
