//! Sees to it that an event is told soon. It is in the database already, so a queue out of order loses nothing.

use crate::app::ports::{Ports, TaskQueue as _};
use crate::domain::job::RunRef;
use crate::domain::webhook::EventId;

/// Wakes the sender for the event of a run that has just ended.
pub async fn announce(ports: &impl Ports, run: RunRef) {
    if let Err(error) = ports.tasks().wake_sender(&[EventId(run)], 0).await {
        ports.warn("an event was not queued; the sweep will send it", &[("job.id", &run.job_id), ("error", &error)]);
    }
}
