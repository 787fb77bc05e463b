//! `DeliveryStore` over SQL.

use serde::Deserialize;
use shared::id::JobId;
use shared::time::UnixMillis;

use super::Store;
use super::database::{Database, Rows, statement};
use super::row::{AnyRow, WebhookSecretRow, read_first, read_job, read_key, unreadable};
use crate::app::ports::{Delivery, DeliveryAttempt, DeliveryOutcome, DeliveryStore, WebhookSecret};
use crate::domain::api_key::{ApiKey, KeyHash};
use crate::domain::error::Error;
use crate::domain::job::Job;
use crate::domain::run::RunRef;
use crate::domain::webhook::{EventId, Moment};

/// A row of `deliveries`, with one of `delivery_attempts` where there is one.
#[derive(Deserialize)]
struct DeliveryRow {
    #[serde(flatten)]
    id: EventRow,
    event: String,
    state: String,
    tries: u32,
    due_at_ms: UnixMillis,
    created_at_ms: UnixMillis,
    #[serde(default)]
    started_at_ms: Option<UnixMillis>,
    #[serde(default)]
    duration_ms: Option<u64>,
    #[serde(default)]
    status: Option<u16>,
    #[serde(default)]
    error: Option<String>,
}

/// The identity of an event.
#[derive(Deserialize)]
struct EventRow {
    job_id: JobId,
    run: u32,
    moment: String,
}

impl TryFrom<EventRow> for EventId {
    type Error = Error;

    fn try_from(row: EventRow) -> Result<Self, Error> {
        let moment = Moment::find(&row.moment).ok_or_else(|| unreadable("moment", &row.moment))?;
        Ok(Self { run: RunRef { job_id: row.job_id, run: row.run }, moment })
    }
}

impl DeliveryRow {
    fn attempt(&self) -> Option<DeliveryAttempt> {
        let outcome = self.status.ok_or_else(|| self.error.clone().unwrap_or_default());
        Some(DeliveryAttempt { started_at_ms: self.started_at_ms?, duration_ms: self.duration_ms?, outcome })
    }

    fn delivery(self) -> Result<Delivery, Error> {
        let Self { id, event, state, tries, due_at_ms, created_at_ms, .. } = self;
        Ok(Delivery { id: id.try_into()?, event, state, tries, due_at_ms, created_at_ms, attempts: Vec::new() })
    }
}

impl<D: Database> DeliveryStore for Store<D> {
    async fn take_delivery(
        &self,
        id: EventId,
        now: UnixMillis,
        due_again_at_ms: UnixMillis,
    ) -> Result<Option<(Delivery, Job, Option<WebhookSecret>)>, Error> {
        let (job_id, run, moment) = texts(id);
        let take = statement!(take_delivery, job_id.clone(), run, moment, now, due_again_at_ms);
        let find_job = statement!(find_job, job_id.clone());
        let find_secret = statement!(find_webhook_secret_of_job, job_id, now);
        let [taken, job, secret] = self.run([take, find_job, find_secret]).await?;
        let delivery = read_first::<DeliveryRow>(&taken)?.map(DeliveryRow::delivery).transpose()?;
        let secret = read_first::<WebhookSecretRow>(&secret)?.map(WebhookSecret::from);
        Ok(delivery.zip(read_job(&job)?).map(|(delivery, job)| (delivery, *job, secret)))
    }

    async fn record_attempt(&self, id: EventId, attempt: &DeliveryAttempt, next: DeliveryOutcome) -> Result<(), Error> {
        let (status, error) = match &attempt.outcome {
            Ok(status) => (Some(u32::from(*status)), None),
            Err(error) => (None, Some(error.as_str())),
        };
        let (state, due_at_ms) = match next {
            DeliveryOutcome::Delivered => ("delivered", attempt.started_at_ms),
            DeliveryOutcome::TryAgain { due_at_ms } => ("pending", due_at_ms),
            DeliveryOutcome::GivenUp => ("failed", attempt.started_at_ms),
        };
        let (job_id, run, moment) = texts(id);
        let DeliveryAttempt { started_at_ms, duration_ms, .. } = attempt;
        let record = statement!(record_attempt, job_id.clone(), run, moment, *started_at_ms, *duration_ms, status, error);
        self.run([record, statement!(settle_delivery, job_id, run, moment, state, due_at_ms)]).await.map(|[_, _]| ())
    }

    async fn list_due_deliveries(&self, due_before_ms: UnixMillis, limit: u32) -> Result<Vec<EventId>, Error> {
        let [rows] = self.run([statement!(list_due_deliveries, due_before_ms, limit)]).await?;
        rows.read::<EventRow>()?.into_iter().map(EventId::try_from).collect()
    }

    async fn list_deliveries(&self, key: &KeyHash, job_id: JobId) -> Result<(Option<ApiKey>, Option<Job>, Vec<Delivery>), Error> {
        let (hash, job_id) = (key.as_str(), job_id.to_string());
        let find_key = statement!(find_api_key, hash);
        let find_job = statement!(find_job_of_key, hash, job_id.clone());
        let [key, job, rows] = self.run([find_key, find_job, statement!(list_deliveries_of_job, job_id)]).await?;
        Ok((read_key(&key)?, read_job(&job)?.map(|job| *job), read_deliveries(&rows)?))
    }

    async fn list_deliveries_of_job(&self, job_id: JobId) -> Result<Vec<Delivery>, Error> {
        let [rows] = self.run([statement!(list_deliveries_of_job, job_id.to_string())]).await?;
        read_deliveries(&rows)
    }

    async fn redeliver_event(&self, key: &KeyHash, id: EventId, now: UnixMillis) -> Result<(Option<ApiKey>, bool), Error> {
        let find_key = statement!(find_api_key, key.as_str());
        let (job_id, run, moment) = texts(id);
        let redeliver = statement!(redeliver_event, key.as_str(), job_id, run, moment, now);
        let [found, redelivered] = self.run([find_key, redeliver]).await?;
        Ok((read_key(&found)?, !redelivered.read::<AnyRow>()?.is_empty()))
    }
}

/// The events of a job in order of time, each with its attempts, oldest first.
fn read_deliveries(rows: &impl Rows) -> Result<Vec<Delivery>, Error> {
    let mut deliveries: Vec<Delivery> = Vec::new();
    for row in rows.read::<DeliveryRow>()? {
        let attempt = row.attempt();
        let delivery = row.delivery()?;
        if deliveries.last().is_none_or(|last| last.id != delivery.id) {
            deliveries.push(delivery);
        }
        if let Some(last) = deliveries.last_mut() {
            last.attempts.extend(attempt);
        }
    }
    deliveries.sort_by_key(|delivery| (delivery.id.run.run, delivery.id.moment == Moment::End));
    Ok(deliveries)
}

fn texts(id: EventId) -> (String, u32, &'static str) {
    (id.run.job_id.to_string(), id.run.run, id.moment.as_str())
}
