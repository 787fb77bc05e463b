//! Whether a request may go on, asked once while it is being worked on.
//!
//! Reads need not wait for the verdict: their answer is dropped if it is bad. Writes wait.

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};

use crate::domain::error::Error;
use crate::domain::rate::RateLimitCheck;

/// A verdict that may still be on its way. Clones share it.
#[derive(Clone)]
pub struct Admission(Shared<BoxFuture<'static, Option<RateLimitCheck>>>);

impl Admission {
    pub fn of(verdict: BoxFuture<'static, Option<RateLimitCheck>>) -> Self {
        Self(verdict.shared())
    }

    /// None when nothing was counted, which is no reason to refuse.
    pub async fn verdict(&self) -> Option<RateLimitCheck> {
        self.0.clone().await
    }

    /// Waits for the verdict.
    /// Errors: `RateLimited`.
    pub async fn wait(&self) -> Result<(), Error> {
        match self.verdict().await.and_then(|verdict| verdict.exceeded().copied()) {
            Some(usage) => Err(Error::RateLimited(usage)),
            None => Ok(()),
        }
    }
}
