//! Names of a run of a job and of an attempt at it.

use shared::id::{JobId, LeaseId};
use shared::time::UnixMillis;

/// Names one run of one job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunRef {
    pub job_id: JobId,
    pub run: u32,
}

/// Names one attempt by its lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseRef {
    pub run: RunRef,
    pub lease_id: LeaseId,
}

/// The right of one transcoder to work on one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    pub id: LeaseId,
    pub expires_at_ms: UnixMillis,
}
