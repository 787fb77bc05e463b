//! The ports to the database. Each call is one D1 round trip and one transaction.

use shared::id::{AccountId, ApiKeyId, JobId, LedgerEntryId, UploadId};
use shared::matting::MattingModel;
use shared::price::Resolution;
use shared::report::MachineFault;
use shared::task::Pool;
use shared::time::UnixMillis;

use super::{
    Account, Canceled, Claimed, Corrected, Created, Deleted, Delivery, DeliveryAttempt, DeliveryOutcome, EarlierRequest, Ended,
    Heartbeat, Held, JobSums, KeyMonth, KeyWithUse, LedgerEntry, NewAccount, NewApiKey, Page, Probe, RemovedUpload, Returned,
    SeenModel, Started, WebhookSecret,
};
use crate::domain::api_key::{ApiKey, KeyHash};
use crate::domain::error::Error;
use crate::domain::failure::JobFailure;
use crate::domain::history::WorkHistory;
use crate::domain::idempotency::IdempotencyKey;
use crate::domain::job::{AttemptOutputs, Job, JobState, NewJob, NewRun};
use crate::domain::model::Model;
use crate::domain::run::{Lease, LeaseRef, RunRef};
use crate::domain::spending_limit::SpendingLimit;
use crate::domain::webhook::EventId;

/// Jobs and the ledger entries that go with them.
pub trait JobStore {
    async fn create_job(
        &self,
        job: &NewJob,
        entry_id: LedgerEntryId,
        idempotency: Option<&IdempotencyKey>,
    ) -> Result<Created, Error>;
    /// A job that waits to be started.
    async fn create_draft(&self, job: &NewJob, idempotency: Option<&IdempotencyKey>) -> Result<Created, Error>;
    async fn start_job(&self, run: &NewRun, entry_id: LedgerEntryId, now: UnixMillis) -> Result<Started, Error>;
    async fn sum_jobs(&self, key: &KeyHash, since: UnixMillis) -> Result<(Option<ApiKey>, JobSums), Error>;
    /// A key and, if its account has it, a job that is not deleted.
    async fn find_job_with_key(&self, key: &KeyHash, id: JobId) -> Result<(Option<ApiKey>, Option<Job>), Error>;
    /// Finds a job of any account, deleted or not.
    async fn find_job(&self, id: JobId) -> Result<Option<Job>, Error>;
    /// Any account's, unless it was deleted or its objects were removed.
    async fn find_shown_job(&self, id: JobId) -> Result<Option<Job>, Error>;
    /// The newest of the key's account below the cursor; those in one of at most four states, or
    /// all where none is named.
    async fn list_jobs(&self, key: &KeyHash, page: &Page, states: &[JobState]) -> Result<(Option<ApiKey>, Vec<Job>), Error>;
    /// Cancels a job that has not started. It stays visible.
    async fn cancel_job(
        &self,
        key: &KeyHash,
        id: JobId,
        entry_id: LedgerEntryId,
        now: UnixMillis,
    ) -> Result<(Option<ApiKey>, Canceled), Error>;
    /// Hides a job, and cancels it if it is not over.
    async fn delete_job(
        &self,
        key: &KeyHash,
        id: JobId,
        entry_id: LedgerEntryId,
        now: UnixMillis,
    ) -> Result<(Option<ApiKey>, Deleted), Error>;
}

/// Leased runs. A write under another lease than the run's changes nothing.
pub trait LeaseStore {
    async fn claim_job(&self, run: RunRef, lease: Lease, now: UnixMillis) -> Result<Claimed, Error>;
    async fn record_progress(&self, lease: LeaseRef, beat: Heartbeat, now: UnixMillis) -> Result<Held, Error>;
    async fn record_probe(&self, lease: LeaseRef, probe: &Probe<'_>, now: UnixMillis) -> Result<Corrected, Error>;
    async fn complete_job(
        &self,
        lease: LeaseRef,
        made: &AttemptOutputs,
        entry_id: LedgerEntryId,
        now: UnixMillis,
    ) -> Result<Ended, Error>;
    async fn fail_leased_job(
        &self,
        lease: LeaseRef,
        failure: &JobFailure,
        entry_id: LedgerEntryId,
        now: UnixMillis,
    ) -> Result<Ended, Error>;
    /// Gives a run back, to another pool if one is named.
    async fn release_job(
        &self,
        lease: LeaseRef,
        to: Option<Pool>,
        task_due_at_ms: UnixMillis,
        now: UnixMillis,
    ) -> Result<Held, Error>;
    /// Gives a run back for a fault, unless its attempts or give-backs are used up.
    async fn give_back_job(
        &self,
        lease: LeaseRef,
        fault: MachineFault,
        task_due_at_ms: UnixMillis,
        now: UnixMillis,
    ) -> Result<Option<Returned>, Error>;
}

/// Runs without a lease, and objects to remove.
pub trait SweepStore {
    /// Fails a run that no transcoder holds, and refunds it.
    async fn fail_unleased_job(
        &self,
        run: RunRef,
        failure: &JobFailure,
        entry_id: LedgerEntryId,
        now: UnixMillis,
    ) -> Result<Ended, Error>;
    async fn requeue_expired_leases(&self, now: UnixMillis, limit: u32) -> Result<usize, Error>;
    /// Runs whose last lease expired before this instant.
    async fn list_exhausted_jobs(&self, expired_before_ms: UnixMillis, limit: u32) -> Result<Vec<RunRef>, Error>;
    async fn list_jobs_queued_before(&self, queued_at_ms: UnixMillis, limit: u32) -> Result<Vec<RunRef>, Error>;
    /// Marks what it returns, so that the next call returns others; the longer a run waits, the
    /// later it is due again.
    async fn take_due_tasks(&self, now: UnixMillis, limit: u32) -> Result<Vec<(Pool, RunRef)>, Error>;
    /// Makes a queued run's task due now.
    async fn make_task_due(&self, run: RunRef, now: UnixMillis) -> Result<(), Error>;
    /// Jobs whose objects may be removed.
    async fn list_jobs_with_objects_to_remove(
        &self,
        deleted_before: UnixMillis,
        ended_before: UnixMillis,
        limit: u32,
    ) -> Result<Vec<Job>, Error>;
    /// Makes the uploads that a job read in any of its runs and that no job needs unreadable;
    /// returns the keys of their objects. Safe to repeat.
    async fn remove_uploads_of_job(&self, id: JobId, now: UnixMillis) -> Result<Vec<String>, Error>;
    async fn record_objects_removed(&self, id: JobId, now: UnixMillis) -> Result<(), Error>;
}

/// Accounts, their keys and their credits.
pub trait AccountStore {
    async fn find_api_key(&self, key: &KeyHash) -> Result<Option<ApiKey>, Error>;
    /// A key, and what it can spend in this month.
    async fn get_spending_limit(&self, key: &KeyHash, month: &str) -> Result<(Option<ApiKey>, Option<SpendingLimit>), Error>;
    /// As `get_spending_limit`, and whether the key has an active job where one is all it may have.
    async fn get_spending_limit_and_activity(
        &self,
        key: &KeyHash,
        month: &str,
    ) -> Result<(Option<ApiKey>, Option<SpendingLimit>, bool), Error>;
    /// As `get_spending_limit`, with the work history of a model at a resolution.
    async fn get_spending_limit_and_history(
        &self,
        key: &KeyHash,
        month: &str,
        model: Model,
        resolution: Resolution,
    ) -> Result<(Option<ApiKey>, Option<SpendingLimit>, Option<WorkHistory>), Error>;
    async fn find_webhook_secret(&self, account_id: AccountId, now: UnixMillis) -> Result<Option<WebhookSecret>, Error>;
    /// Changes nothing where there is one.
    async fn create_webhook_secret(&self, account_id: AccountId, secret_box: &str, now: UnixMillis) -> Result<(), Error>;
    async fn rotate_webhook_secret(
        &self,
        account_id: AccountId,
        secret_box: &str,
        old_until_ms: UnixMillis,
        now: UnixMillis,
    ) -> Result<Option<WebhookSecret>, Error>;
    /// A key, and the newest entries of its account below the cursor.
    async fn list_ledger_entries(&self, key: &KeyHash, page: &Page) -> Result<(Option<ApiKey>, Vec<LedgerEntry>), Error>;
    /// A key, and what each key of its account has spent in each month since.
    async fn list_key_months(&self, key: &KeyHash, first_month: &str) -> Result<(Option<ApiKey>, Vec<KeyMonth>), Error>;
    async fn record_key_use(&self, id: ApiKeyId, now: UnixMillis) -> Result<(), Error>;
    async fn list_api_keys(&self, account_id: AccountId, month: &str) -> Result<Vec<KeyWithUse>, Error>;
    /// The key, if the account exists.
    async fn create_api_key(&self, key: &NewApiKey<'_>, now: UnixMillis) -> Result<Option<KeyWithUse>, Error>;
    /// The key that replaces a living one of the account.
    async fn rotate_api_key(
        &self,
        old_id: ApiKeyId,
        new_id: ApiKeyId,
        account_id: AccountId,
        hash: &KeyHash,
        overlap_until_ms: UnixMillis,
        now: UnixMillis,
    ) -> Result<Option<KeyWithUse>, Error>;
    /// Returns false if the account has no such key.
    async fn revoke_api_key_of_account(&self, id: ApiKeyId, account_id: AccountId, now: UnixMillis) -> Result<bool, Error>;
    async fn create_account(&self, account: &NewAccount<'_>, now: UnixMillis) -> Result<(), Error>;
    async fn grant_credits(
        &self,
        account_id: AccountId,
        amount_credits: u64,
        entry_id: LedgerEntryId,
        now: UnixMillis,
    ) -> Result<Option<Account>, Error>;
    async fn find_account(&self, account_id: AccountId) -> Result<Option<Account>, Error>;
    /// Returns false if there is no such key.
    async fn revoke_api_key(&self, id: ApiKeyId, now: UnixMillis) -> Result<bool, Error>;
}

/// Uploads.
pub trait UploadStore {
    async fn create_upload(&self, id: UploadId, account_id: AccountId, object_key: &str, now: UnixMillis) -> Result<(), Error>;
    /// Whether an uploaded object may be read: it was not removed.
    async fn is_upload_readable(&self, object_key: &str) -> Result<bool, Error>;
    /// Makes uploads older than `created_before_ms` that no unfinished job uses unreadable; returns
    /// their number.
    async fn remove_old_uploads(&self, created_before_ms: UnixMillis, limit: u32, now: UnixMillis) -> Result<usize, Error>;
    /// Unreadable uploads older than `created_before_ms`.
    async fn list_removed_uploads(&self, created_before_ms: UnixMillis, limit: u32) -> Result<Vec<RemovedUpload>, Error>;
    /// Deletes the record of an upload whose object was removed for good.
    async fn delete_upload(&self, id: UploadId) -> Result<(), Error>;
}

/// The operator's matting models, as transcoders report them.
pub trait ModelStore {
    /// A model counts as working until no transcoder has reported so for a while; older rows are
    /// deleted.
    async fn record_matting_models(
        &self,
        models: &[MattingModel],
        now: UnixMillis,
        stale_before_ms: UnixMillis,
        deleted_before_ms: UnixMillis,
    ) -> Result<(), Error>;
    /// In the operator's order.
    async fn list_matting_models(&self, seen_since_ms: UnixMillis) -> Result<Vec<SeenModel>, Error>;
}

/// Requests with an idempotency key.
pub trait IdempotencyStore {
    /// Takes an idempotency key. Returns the API key and the earlier request with the idempotency
    /// key, if there is one.
    async fn begin_request(
        &self,
        key: &KeyHash,
        idempotency: &IdempotencyKey,
        now: UnixMillis,
    ) -> Result<(Option<ApiKey>, EarlierRequest), Error>;
    async fn record_answer(&self, account_id: AccountId, idempotency: &IdempotencyKey, answer_json: &str) -> Result<(), Error>;
    async fn delete_idempotency_key(&self, account_id: AccountId, idempotency: &IdempotencyKey) -> Result<(), Error>;
    async fn delete_old_idempotency_keys(&self, now: UnixMillis, limit: u32) -> Result<usize, Error>;
}

/// Webhook deliveries.
pub trait DeliveryStore {
    /// Claims one attempt at a due event, with its job and its account's secret; none if it is not
    /// due.
    async fn take_delivery(
        &self,
        id: EventId,
        now: UnixMillis,
        due_again_at_ms: UnixMillis,
    ) -> Result<Option<(Delivery, Job, Option<WebhookSecret>)>, Error>;
    async fn record_attempt(&self, id: EventId, attempt: &DeliveryAttempt, next: DeliveryOutcome) -> Result<(), Error>;
    async fn list_due_deliveries(&self, due_before_ms: UnixMillis, limit: u32) -> Result<Vec<EventId>, Error>;
    async fn list_deliveries(&self, key: &KeyHash, job_id: JobId) -> Result<(Option<ApiKey>, Option<Job>, Vec<Delivery>), Error>;
    /// Those of any account's job.
    async fn list_deliveries_of_job(&self, job_id: JobId) -> Result<Vec<Delivery>, Error>;
    /// Makes an event due again with all its attempts. The flag is false if the key's account has
    /// no such event.
    async fn redeliver_event(&self, key: &KeyHash, id: EventId, now: UnixMillis) -> Result<(Option<ApiKey>, bool), Error>;
}
