//! Delays a response until its job is over, within a time limit.

use shared::time::UnixMillis;

use crate::app::ports::{JobStore as _, Ports};
use crate::domain::error::Error;
use crate::domain::job::Job;

/// Default time for which a request with `wait=true` waits for its job's end.
/// Units: seconds.
pub const WAIT_S: u64 = 30;
pub const WAIT_S_MAX: u64 = 60;

/// Most reads of one wait; with the two round trips of a creation well below 40.
const READS_MAX: u64 = 36;
/// Units: milliseconds.
const PAUSE_MS_MIN: u64 = 250;
/// Reserved for the response itself, so that the caller's time limit holds.
/// Units: milliseconds.
const ANSWER_MS: u64 = 250;

/// Returns the job once it is over, or in its current state shortly before the time limit.
pub async fn wait_for_job(ports: &impl Ports, job: Job, started_at_ms: UnixMillis, timeout_ms: u64) -> Result<Job, Error> {
    let deadline_ms = started_at_ms.plus_ms(timeout_ms.saturating_sub(ANSWER_MS));
    let pause_ms = (timeout_ms / READS_MAX).max(PAUSE_MS_MIN);
    let mut job = job;
    for _ in 0..READS_MAX {
        if job.state.is_over() || ports.now().plus_ms(pause_ms) > deadline_ms {
            break;
        }
        ports.pause(pause_ms).await;
        job = ports.store().find_job(job.id).await?.ok_or(Error::JobNotFound)?;
    }
    Ok(job)
}
