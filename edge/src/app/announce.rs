//! Sees to it that an event is told soon. It is in the database already, so a queue out of order loses nothing.

use crate::app::ports::{Ports, TaskQueue as _};
use crate::domain::webhook::EventId;

/// Wakes the sender for an event that has just been written.
pub async fn announce(ports: &impl Ports, id: EventId) {
    if let Err(error) = ports.tasks().wake_sender(&[id], 0).await {
        ports.warn("an event was not queued; the sweep will send it", &[("event.id", &id), ("error", &error)]);
    }
}
