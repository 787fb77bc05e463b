//! Handles a dead letter: a task that the queue delivered too often.

use shared::code::JobErrorCode;
use shared::task::TranscodeTask;

use crate::app::claim_task::is_exhausted;
use crate::app::fail_unleased_job::fail_unleased_job;
use crate::app::ports::{JobStore as _, Ports, SweepStore as _};
use crate::domain::error::Error;
use crate::domain::job::JobState;
use crate::domain::run::RunRef;

/// The outcome for the run of a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadLetterOutcome {
    /// The run had no attempts left: it failed and was refunded.
    Failed,
    /// The run has attempts left, since transcoders released it unfinished. The next sweep sends
    /// another task.
    TaskDue,
    /// The run is over or leased.
    Unchanged,
}

/// Fails the run if it has no attempts left, else makes its task due. The queue counts deliveries;
/// the database counts attempts.
pub async fn fail_dead_letter(ports: &impl Ports, task: &TranscodeTask) -> Result<DeadLetterOutcome, Error> {
    let TranscodeTask::TranscodeV1 { job_id, run } = *task;
    let (run, now) = (RunRef { job_id, run }, ports.now());
    let job = ports.store().find_job(job_id).await?.filter(|job| job.run == run.run);
    match job {
        Some(job) if is_exhausted(ports, &job, now) => {
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
