//! `IdempotencyStore` over SQL.

use serde::Deserialize;
use shared::id::{AccountId, JobId};
use shared::time::UnixMillis;

use super::Store;
use super::database::{Database, Rows as _, statement};
use super::row::{AnyRow, read_first, read_key};
use crate::app::ports::{EarlierRequest, IdempotencyStore};
use crate::domain::api_key::{ApiKey, KeyHash};
use crate::domain::error::Error;
use crate::domain::idempotency::{IdempotencyKey, KEY_LIFETIME_MS, RUNNING_MS_MAX};

/// A row of `idempotency_keys`.
#[derive(Deserialize)]
struct IdempotencyRow {
    fingerprint: String,
    started_at_ms: UnixMillis,
    job_id: Option<JobId>,
    answer_json: Option<String>,
}

impl IdempotencyRow {
    fn earlier_request(self, now: UnixMillis) -> EarlierRequest {
        let given_up = self.started_at_ms.plus_ms(RUNNING_MS_MAX) <= now;
        EarlierRequest::Present {
            fingerprint: self.fingerprint,
            answer_json: self.answer_json,
            lost_job: self.job_id.filter(|_| given_up),
        }
    }
}

impl<D: Database> IdempotencyStore for Store<D> {
    async fn begin_request(
        &self,
        key: &KeyHash,
        idempotency: &IdempotencyKey,
        now: UnixMillis,
    ) -> Result<(Option<ApiKey>, EarlierRequest), Error> {
        let IdempotencyKey { key: idempotency_key, fingerprint } = idempotency;
        let take = statement!(
            take_idempotency_key,
            key.as_str(),
            idempotency_key.as_str(),
            fingerprint.as_str(),
            now,
            now.minus_ms(KEY_LIFETIME_MS),
            now.minus_ms(RUNNING_MS_MAX)
        );
        let find_key = statement!(find_api_key, key.as_str());
        let find = statement!(find_idempotency_key, key.as_str(), idempotency_key.as_str());
        let [key, taken, found] = self.run([find_key, take, find]).await?;
        let taken = !taken.read::<AnyRow>()?.is_empty();
        let found = read_first::<IdempotencyRow>(&found)?.filter(|_| !taken);
        let earlier = found.map_or(EarlierRequest::Absent, |row| row.earlier_request(now));
        Ok((read_key(&key)?, earlier))
    }

    async fn record_answer(&self, account_id: AccountId, idempotency: &IdempotencyKey, answer_json: &str) -> Result<(), Error> {
        let IdempotencyKey { key, fingerprint } = idempotency;
        let keep = statement!(record_answer, account_id.to_string(), key.as_str(), fingerprint.as_str(), answer_json);
        self.run([keep]).await.map(|[_]| ())
    }

    async fn delete_idempotency_key(&self, account_id: AccountId, idempotency: &IdempotencyKey) -> Result<(), Error> {
        let IdempotencyKey { key, fingerprint } = idempotency;
        let forget = statement!(delete_idempotency_key, account_id.to_string(), key.as_str(), fingerprint.as_str());
        self.run([forget]).await.map(|[_]| ())
    }

    async fn delete_old_idempotency_keys(&self, now: UnixMillis, limit: u32) -> Result<usize, Error> {
        let before = now.minus_ms(KEY_LIFETIME_MS);
        let [forgotten] = self.run([statement!(delete_old_idempotency_keys, before, limit)]).await?;
        Ok(forgotten.read::<AnyRow>()?.len())
    }
}
