//! The dialects: API shapes over the same use cases. Each is a folder with everything of its own:
//! routes, wire types, mapping, error body, limit headers, events. A further dialect is a folder,
//! its `mod` and its entry in `DIALECTS`.

pub mod bgless;
mod removebgvideo;
mod shared_paths;
mod spec;
mod unscreen;
mod vidgen;

use self::spec::DialectSpec;
use crate::app::ports::Delivery;
use crate::deps::Deps;
#[cfg(test)]
use crate::domain::dialect::DialectPolicy;
use crate::domain::error::Error;
use crate::domain::job::Job;
use crate::domain::webhook::EventMessage;
use crate::server::mount::Mount;

/// Every dialect.
static DIALECTS: [&DialectSpec; 4] = [&bgless::DIALECT, &removebgvideo::DIALECT, &unscreen::DIALECT, &vidgen::DIALECT];

/// Where the dialects' routes are.
pub fn mounts() -> impl Iterator<Item = &'static Mount> {
    DIALECTS.iter().flat_map(|dialect| dialect.mounts).chain([&shared_paths::MOUNT])
}

/// The webhook message about a job, in the dialect that the job was created through.
pub fn render_event(ports: &Deps, delivery: &Delivery, job: &Job) -> Result<EventMessage, Error> {
    let dialect = DIALECTS.iter().find(|dialect| dialect.policy.name == job.dialect);
    let dialect = dialect.ok_or_else(|| Error::Internal(format!("unknown dialect {}", job.dialect)))?;
    Ok(EventMessage { body: (dialect.event_body)(ports, delivery, job)?, sign: dialect.event_headers })
}

/// The policy of a dialect, for tests of the use cases.
#[cfg(test)]
pub fn policy(name: &str) -> DialectPolicy {
    DIALECTS.iter().map(|dialect| dialect.policy).find(|policy| policy.name == name).unwrap()
}
