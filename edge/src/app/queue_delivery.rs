//! Wakes the webhook sender for an event.

use crate::app::ports::{Ports, TaskQueue as _};
use crate::domain::webhook::EventId;

/// Queues the delivery of an event that is already committed. If the queue fails, the sweep sends
/// the event later.
pub async fn queue_delivery(ports: &impl Ports, id: EventId) {
    if let Err(error) = ports.tasks().wake_sender(&[id], 0).await {
        ports.warn("an event was not queued; the sweep will send it", &[("event.id", &id), ("error", &error)]);
    }
}
