//! Ends the run of a task that the queue gave up on.

use shared::code::JobErrorCode;
use shared::task::TranscodeTask;

use crate::app::ports::{JobStore as _, Ports};
use crate::domain::error::{Error, JobFailure};
use crate::domain::job::RunRef;

/// Fails and refunds a dead letter's run, unless somebody works on it: then its lease decides, and the sweep after it.
pub async fn bury_task(ports: &impl Ports, task: &TranscodeTask) -> Result<bool, Error> {
    let TranscodeTask::TranscodeV1 { job_id, run } = *task;
    let failure = JobFailure::of(JobErrorCode::AttemptsExhausted);
    ports.store().fail_unleased_job(RunRef { job_id, run }, &failure, ports.new_ledger_entry_id(), ports.now()).await
}
