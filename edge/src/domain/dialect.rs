//! The policy of a dialect (one of the APIs that jobs are created through), as far as the rules of
//! jobs depend on it. The dialects themselves are in `edge/src/dialect/`; only the two that share a
//! path are named here.

use shared::names;

names! {
    /// The dialect in which a key reads lists at the paths that two dialects share.
    KeyDialect {
        Bgless = "bgless",
        Removebgvideo = "removebgvideo",
    }
}

/// The rules that differ between jobs of different dialects. Each dialect states its own, and each
/// job stores them as columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DialectPolicy {
    /// As it is stored with each job.
    pub name: &'static str,
    /// Receivers get an event when the work on a job starts, and not at its end alone.
    pub notifies_start: bool,
    /// Receivers get an event when a job is canceled.
    pub notifies_cancellation: bool,
    /// A key has no other job of this kind that is not over.
    pub is_only_active_job: bool,
}
