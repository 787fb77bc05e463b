//! Lists the webhook deliveries of a job, and redelivers events.

use shared::id::JobId;

use crate::app::authenticate::identify;
use crate::app::ports::{Delivery, DeliveryStore as _, Ports};
use crate::app::queue_delivery::queue_delivery;
use crate::domain::api_key::KeyHash;
use crate::domain::error::Error;
use crate::domain::job::Job;
use crate::domain::scope::Scope;
use crate::domain::webhook::EventId;

/// The events of a job with every attempt. One D1 round trip.
/// Errors: those of the key, `JobNotFound`.
pub async fn list_deliveries(ports: &impl Ports, key: &KeyHash, job_id: JobId) -> Result<Vec<Delivery>, Error> {
    let (key, job, deliveries) = ports.store().list_deliveries(key, job_id).await?;
    identify(ports, key, Scope::Jobs)?;
    job.map(|_| deliveries).ok_or(Error::JobNotFound)
}

/// As `list_deliveries`, of a job that the key was just found to own.
pub async fn list_deliveries_of(ports: &impl Ports, job: &Job) -> Result<Vec<Delivery>, Error> {
    ports.store().list_deliveries_of_job(job.id).await
}

/// Delivers an event again, from the beginning of the schedule, whatever its state.
/// Errors: those of the key, `NoSuchThing`.
pub async fn redeliver(ports: &impl Ports, key: &KeyHash, id: EventId) -> Result<(), Error> {
    let now = ports.now();
    let (key, found) = ports.store().redeliver_event(key, id, now).await?;
    identify(ports, key, Scope::Jobs)?;
    if !found {
        return Err(Error::NoSuchThing("delivery"));
    }
    queue_delivery(ports, id).await;
    Ok(())
}
