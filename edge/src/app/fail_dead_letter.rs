//! Deals with a task that the queue gave up on.

use shared::code::JobErrorCode;
use shared::task::TranscodeTask;

use crate::app::fail_unleased_job::fail_unleased_job;
use crate::app::ports::{JobStore as _, Ports, SweepStore as _};
use crate::domain::error::Error;
use crate::domain::job::{ATTEMPTS_MAX, JobState};
use crate::domain::run::RunRef;

/// What became of a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadLetterOutcome {
    /// Its run had used up its attempts, and ended, refunded.
    Failed,
    /// Its run has attempts left: transcoders gave it back rather than failed. The next sweep sends
    /// another task.
    TaskDue,
    /// Its run is over, or somebody works on it: then its lease decides, and the sweep after it.
    Unchanged,
}

/// Ends a dead letter's run, or sees to it that it is tried again. A queue counts deliveries;
/// attempts are ours to count.
pub async fn fail_dead_letter(ports: &impl Ports, task: &TranscodeTask) -> Result<DeadLetterOutcome, Error> {
    let TranscodeTask::TranscodeV1 { job_id, run } = *task;
    let (run, now) = (RunRef { job_id, run }, ports.now());
    let job = ports.store().find_job(job_id).await?.filter(|job| job.run == run.run);
    match job {
        Some(job) if job.attempt >= ATTEMPTS_MAX => {
            let ended = fail_unleased_job(ports, run, JobErrorCode::AttemptsExhausted, now).await?;
            Ok(if ended { DeadLetterOutcome::Failed } else { DeadLetterOutcome::Unchanged })
        }
        Some(job) if job.state == JobState::Queued => {
            ports.store().make_task_due(run, now).await?;
            Ok(DeadLetterOutcome::TaskDue)
        }
        _ => Ok(DeadLetterOutcome::Unchanged),
    }
}
