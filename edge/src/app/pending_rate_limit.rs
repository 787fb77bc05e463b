//! The rate-limit check of a request, which runs while the request is handled.
//!
//! Reads need not wait for it: their response is dropped if the request is beyond a limit. Writes
//! wait.

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};

use crate::domain::error::Error;
use crate::domain::rate::RateLimitCheck;

/// A check that may still be running. Clones share it.
#[derive(Clone)]
pub struct PendingRateLimit(Shared<BoxFuture<'static, Option<RateLimitCheck>>>);

impl PendingRateLimit {
    pub fn of(check: BoxFuture<'static, Option<RateLimitCheck>>) -> Self {
        Self(check.shared())
    }

    /// Returns None if no counter answered; the request is then allowed.
    pub async fn check(&self) -> Option<RateLimitCheck> {
        self.0.clone().await
    }

    /// Waits for the check.
    /// Errors: `RateLimited`.
    pub async fn wait(&self) -> Result<(), Error> {
        match self.check().await.and_then(|check| check.exceeded().copied()) {
            Some(usage) => Err(Error::RateLimited(usage)),
            None => Ok(()),
        }
    }
}
