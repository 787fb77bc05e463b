//! Sends the task of a run to its queue.

use shared::task::{Pool, TranscodeTask};

use crate::app::ports::{Ports, TaskQueue as _};
use crate::domain::run::RunRef;

/// Sends a task for a run that is already committed. If the queue fails, the sweep sends the task
/// later.
pub async fn queue_task(ports: &impl Ports, pool: Pool, run: RunRef) {
    queue_task_later(ports, pool, run, 0).await;
}

/// As [`queue_task`], for a task that no transcoder gets before a delay has passed.
pub async fn queue_task_later(ports: &impl Ports, pool: Pool, run: RunRef, delay_ms: u64) {
    let task = TranscodeTask::TranscodeV1 { job_id: run.job_id, run: run.run };
    if let Err(error) = ports.tasks().send(pool, &[task], delay_ms).await {
        ports.warn("task was not queued; the sweep will send it", &[("job.id", &run.job_id), ("error", &error)]);
    }
}
