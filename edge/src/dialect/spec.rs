//! The interface of a dialect.

use crate::app::ports::Delivery;
use crate::deps::Deps;
use crate::domain::dialect::DialectPolicy;
use crate::domain::error::Error;
use crate::domain::job::Job;
use crate::domain::webhook::SignEvent;
use crate::server::mount::Mount;

/// A dialect, as its folder describes it.
pub struct DialectSpec {
    /// The rules that differ for its jobs.
    pub policy: DialectPolicy,
    /// Its routes, but for those that it shares with another dialect.
    pub mounts: &'static [Mount],
    /// The body of a webhook event: the job as it would be read now, so that its file URLs are
    /// fresh at each attempt.
    pub event_body: fn(&Deps, &Delivery, &Job) -> Result<String, Error>,
    /// The headers of a webhook event, beyond those of every event.
    pub event_headers: SignEvent,
}
