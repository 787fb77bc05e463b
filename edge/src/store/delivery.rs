//! `DeliveryStore` over SQL.

use serde::Deserialize;
use shared::id::JobId;
use shared::time::UnixMillis;

use super::Store;
use super::database::{Database, Rows as _, statement};
use super::row::{AnyRow, WebhookSecretRow, read_first, read_job, read_key};
use crate::app::ports::{Delivery, DeliveryAttempt, DeliveryOutcome, DeliveryStore, WebhookSecret};
use crate::domain::api_key::{ApiKey, KeyHash};
use crate::domain::error::Error;
use crate::domain::job::Job;
use crate::domain::webhook::EventId;

/// A row of `deliveries`, with one of `delivery_attempts` where there is one.
#[derive(Deserialize)]
struct DeliveryRow {
    id: String,
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

#[derive(Deserialize)]
struct IdRow {
    id: String,
}

impl DeliveryRow {
    fn attempt(&self) -> Option<DeliveryAttempt> {
        let outcome = self.status.ok_or_else(|| self.error.clone().unwrap_or_default());
        Some(DeliveryAttempt { started_at_ms: self.started_at_ms?, duration_ms: self.duration_ms?, outcome })
    }

    fn delivery(self) -> Result<Delivery, Error> {
        let Self { id, event, state, tries, due_at_ms, created_at_ms, .. } = self;
        Ok(Delivery { id: id.parse()?, event, state, tries, due_at_ms, created_at_ms, attempts: Vec::new() })
    }
}

impl<D: Database> DeliveryStore for Store<D> {
    async fn take_delivery(
        &self,
        id: EventId,
        now: UnixMillis,
        due_again_at_ms: UnixMillis,
    ) -> Result<Option<(Delivery, Job, Option<WebhookSecret>)>, Error> {
        let take = statement!(take_delivery, id.to_string(), now, due_again_at_ms);
        let find_job = statement!(find_job_of_delivery, id.to_string());
        let find_secret = statement!(find_webhook_secret_of_delivery, id.to_string(), now);
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
        let record = statement!(record_attempt, id.to_string(), attempt.started_at_ms, attempt.duration_ms, status, error);
        self.run([record, statement!(settle_delivery, id.to_string(), state, due_at_ms)]).await.map(|[_, _]| ())
    }

    async fn list_due_deliveries(&self, due_before_ms: UnixMillis, limit: u32) -> Result<Vec<EventId>, Error> {
        let [rows] = self.run([statement!(list_due_deliveries, due_before_ms, limit)]).await?;
        rows.read::<IdRow>()?.iter().map(|row| row.id.parse()).collect()
    }

    async fn list_deliveries(&self, key: &KeyHash, job_id: JobId) -> Result<(Option<ApiKey>, Option<Job>, Vec<Delivery>), Error> {
        let (hash, job_id) = (key.as_str(), job_id.to_string());
        let find_key = statement!(find_api_key, hash);
        let find_job = statement!(find_job_of_key, hash, job_id.clone());
        let [key, job, rows] = self.run([find_key, find_job, statement!(list_deliveries_of_key, hash, job_id)]).await?;
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
        Ok((read_key(&key)?, read_job(&job)?.map(|job| *job), deliveries))
    }

    async fn redeliver_event(&self, key: &KeyHash, id: EventId, now: UnixMillis) -> Result<(Option<ApiKey>, bool), Error> {
        let find_key = statement!(find_api_key, key.as_str());
        let [found, redelivered] = self.run([find_key, statement!(redeliver_event, key.as_str(), id.to_string(), now)]).await?;
        Ok((read_key(&found)?, !redelivered.read::<AnyRow>()?.is_empty()))
    }
}
