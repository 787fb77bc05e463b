//! What the use cases need of the world, as traits. Times, ids and random values enter here and nowhere else.

mod outcome;
mod provider;

use std::fmt::Display;

use shared::address::AllowedHosts;
use shared::id::{AccountId, ApiKeyId, JobId, LedgerEntryId, UploadId};
use shared::matting::MattingModel;
use shared::price::Resolution;
use shared::report::Source;
use shared::task::{Pool, TranscodeTask};
use shared::time::UnixMillis;

use crate::domain::api_key::{ApiKey, KeyHash};
use crate::domain::error::{Error, JobFailure};
use crate::domain::history::WorkHistory;
use crate::domain::idempotency::IdempotencyKey;
use crate::domain::job::{Job, JobState, Lease, LeaseRef, Made, NewJob, NewRun, RunRef};
use crate::domain::model::{Model, PortraitMaker};
use crate::domain::presign;
use crate::domain::purse::Purse;
use crate::domain::rate::RateLimits;
use crate::domain::secret_box::BoxKey;
use crate::domain::webhook::EventId;
pub use outcome::*;
pub use provider::*;

/// Everything a use case may be given.
pub trait Ports {
    type Store: JobStore + AccountStore + UploadStore + IdempotencyStore + DeliveryStore + GenerationStore + ModelStore;
    type Tasks: TaskQueue;
    type Objects: Objects;
    type Http: HttpSender;
    type Provider<'a>: Provider
    where
        Self: 'a;

    fn http(&self) -> &Self::Http;
    fn store(&self) -> &Self::Store;
    fn tasks(&self) -> &Self::Tasks;
    fn objects(&self) -> &Self::Objects;
    /// The provider of this name.
    fn provider(&self, name: &str) -> Option<Self::Provider<'_>>;
    fn settings(&self) -> &Settings;
    fn now(&self) -> UnixMillis;
    /// Fit for keys: unpredictable.
    fn random_bytes(&self) -> [u8; 32];

    /// Waits.
    async fn pause(&self, duration_ms: u64);
    /// Remembers that a key was used, to be written once the answer is out.
    fn note_use(&self, id: ApiKeyId);
    /// Logs what a use case got over but an operator should know.
    fn warn(&self, message: &str, fields: &[(&str, &dyn Display)]);

    fn random_u128(&self) -> u128 {
        self.random_bytes().iter().take(16).fold(0, |value, byte| value << 8 | u128::from(*byte))
    }

    fn new_ledger_entry_id(&self) -> LedgerEntryId {
        LedgerEntryId::from_parts(self.now(), self.random_u128())
    }
}

/// What the operator decided.
#[derive(Clone)]
pub struct Settings {
    /// Absolute, without a slash at its end. A cron or queue event has no request to take it from.
    pub public_base_url: String,
    pub bucket: presign::Bucket,
    pub file_url_secret: Vec<u8>,
    pub transcoder_secret: Vec<u8>,
    pub admin_token: String,
    pub allowed_hosts: AllowedHosts,
    pub lease_duration_ms: u64,
    pub secret_box_key: BoxKey,
    pub webhook_retry_s: Vec<u64>,
    pub source_retention_ms: u64,
    pub output_retention_ms: u64,
    pub rate_limits: RateLimits,
    /// Pauses between questions about one order.
    pub provider_ask_s: Vec<u64>,
    /// How long a provider may take for one order.
    pub provider_timeout_ms: u64,
    /// Who makes portraits.
    pub portrait_maker: PortraitMaker,
}

/// Jobs and the ledger entries that go with them. Each call is one D1 round trip and one transaction.
pub trait JobStore {
    async fn create_job(
        &self,
        job: &NewJob,
        entry_id: LedgerEntryId,
        idempotency: Option<&IdempotencyKey>,
    ) -> Result<Created, Error>;
    /// A job that waits to be started.
    async fn create_draft(&self, job: &NewJob) -> Result<Job, Error>;
    async fn start_job(&self, run: &NewRun, entry_id: LedgerEntryId, now: UnixMillis) -> Result<Started, Error>;
    async fn sum_jobs(&self, key: &KeyHash, since: UnixMillis) -> Result<(Option<ApiKey>, JobSums), Error>;
    /// A key and, if its account has it, a job that is not hidden.
    async fn find_job_with_key(&self, key: &KeyHash, id: JobId) -> Result<(Option<ApiKey>, Option<Job>), Error>;
    /// Whoever owns it, hidden ones too.
    async fn find_job(&self, id: JobId) -> Result<Option<Job>, Error>;
    /// Whoever owns it, unless it is hidden or its objects were removed.
    async fn find_shown_job(&self, id: JobId) -> Result<Option<Job>, Error>;
    /// The newest of the key's account below the cursor; those in one of at most four states, or all where none is named.
    async fn list_jobs(&self, key: &KeyHash, page: &Page, states: &[JobState]) -> Result<(Option<ApiKey>, Vec<Job>), Error>;
    async fn claim_job(&self, run: RunRef, lease: Lease, now: UnixMillis) -> Result<Claimed, Error>;
    async fn record_progress(&self, lease: LeaseRef, beat: Heartbeat, now: UnixMillis) -> Result<Held, Error>;
    async fn record_probe(&self, lease: LeaseRef, probe: &Probe<'_>, now: UnixMillis) -> Result<Corrected, Error>;
    async fn complete_job(&self, lease: LeaseRef, made: &Made, entry_id: LedgerEntryId, now: UnixMillis) -> Result<Ended, Error>;
    async fn fail_leased_job(
        &self,
        lease: LeaseRef,
        failure: &JobFailure,
        entry_id: LedgerEntryId,
        now: UnixMillis,
    ) -> Result<Ended, Error>;
    /// Whether the run ended by this call; not when somebody works on it or it had ended.
    async fn fail_unleased_job(
        &self,
        run: RunRef,
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
    /// Cancels if it waits, and hides nothing.
    async fn cancel_job(
        &self,
        key: &KeyHash,
        id: JobId,
        entry_id: LedgerEntryId,
        now: UnixMillis,
    ) -> Result<(Option<ApiKey>, Canceled), Error>;
    /// Cancels if it runs, hides in any case.
    async fn delete_job(
        &self,
        key: &KeyHash,
        id: JobId,
        entry_id: LedgerEntryId,
        now: UnixMillis,
    ) -> Result<(Option<ApiKey>, Deleted), Error>;
    async fn requeue_expired_leases(&self, now: UnixMillis, limit: u32) -> Result<usize, Error>;
    async fn list_exhausted_jobs(&self, now: UnixMillis, limit: u32) -> Result<Vec<RunRef>, Error>;
    async fn list_jobs_queued_before(&self, queued_at_ms: UnixMillis, limit: u32) -> Result<Vec<RunRef>, Error>;
    /// Jobs whose objects may be removed.
    async fn list_jobs_to_empty(
        &self,
        deleted_before: UnixMillis,
        ended_before: UnixMillis,
        limit: u32,
    ) -> Result<Vec<Job>, Error>;
    /// Whether another job of the same account still works on this source, or has it for its background.
    async fn is_source_in_use(&self, id: JobId, source: &Source) -> Result<bool, Error>;
    async fn mark_job_emptied(&self, id: JobId, now: UnixMillis) -> Result<(), Error>;
    /// Marks what it returns, so that the next call returns others; the longer a run waits, the later it is due again.
    async fn take_due_tasks(&self, now: UnixMillis, limit: u32) -> Result<Vec<(Pool, RunRef)>, Error>;
    /// Makes a queued run's task due now.
    async fn hasten_task(&self, run: RunRef, now: UnixMillis) -> Result<(), Error>;
}

/// Accounts, their keys and their credits.
pub trait AccountStore {
    async fn find_api_key(&self, key: &KeyHash) -> Result<Option<ApiKey>, Error>;
    /// A key, and what it can spend in this month.
    async fn get_purse(&self, key: &KeyHash, month: &str) -> Result<(Option<ApiKey>, Option<Purse>), Error>;
    /// As `get_purse`, and whether the key has an active job where one is all it may have.
    async fn get_purse_and_activity(&self, key: &KeyHash, month: &str) -> Result<(Option<ApiKey>, Option<Purse>, bool), Error>;
    /// As `get_purse`, with how long jobs of a model took on pictures of a class.
    async fn get_purse_and_history(
        &self,
        key: &KeyHash,
        month: &str,
        model: Model,
        resolution: Resolution,
    ) -> Result<(Option<ApiKey>, Option<Purse>, Option<WorkHistory>), Error>;
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
    async fn record_use(&self, id: ApiKeyId, now: UnixMillis) -> Result<(), Error>;
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
    /// Whether the account has the key.
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
    /// Whether the key exists.
    async fn revoke_api_key(&self, id: ApiKeyId, now: UnixMillis) -> Result<bool, Error>;
}

/// Files that clients announced.
pub trait UploadStore {
    async fn create_upload(&self, id: UploadId, account_id: AccountId, source: &Source, now: UnixMillis) -> Result<(), Error>;
    /// Older than that, and used by no job that is not over.
    async fn list_old_uploads(&self, created_before_ms: UnixMillis, limit: u32) -> Result<Vec<OldUpload>, Error>;
    async fn forget_upload(&self, id: UploadId) -> Result<(), Error>;
}

/// The operator's matting models, as the fleet announces them.
pub trait ModelStore {
    /// What works stays known as working until it is stale; what is older still is forgotten.
    async fn record_matting_models(
        &self,
        models: &[MattingModel],
        now: UnixMillis,
        stale_before_ms: UnixMillis,
        forgotten_before_ms: UnixMillis,
    ) -> Result<(), Error>;
    /// In the operator's order.
    async fn list_matting_models(&self, seen_since_ms: UnixMillis) -> Result<Vec<SeenModel>, Error>;
}

/// Requests that must not be done twice.
pub trait IdempotencyStore {
    /// An API key, and what is remembered of a request; nothing if this call took the idempotency key.
    async fn begin_request(
        &self,
        key: &KeyHash,
        idempotency: &IdempotencyKey,
        now: UnixMillis,
    ) -> Result<(Option<ApiKey>, Remembered), Error>;
    async fn keep_answer(&self, account_id: AccountId, idempotency: &IdempotencyKey, answer_json: &str) -> Result<(), Error>;
    async fn forget_request(&self, account_id: AccountId, idempotency: &IdempotencyKey) -> Result<(), Error>;
    async fn forget_old_requests(&self, now: UnixMillis, limit: u32) -> Result<usize, Error>;
}

/// Events on their way to receivers.
pub trait DeliveryStore {
    /// One try of a due event, the job it is about, and its account's own secret; none if it is not due.
    async fn take_delivery(
        &self,
        id: EventId,
        now: UnixMillis,
        due_again_at_ms: UnixMillis,
    ) -> Result<Option<(Delivery, Job, Option<WebhookSecret>)>, Error>;
    async fn record_attempt(&self, id: EventId, attempt: &DeliveryAttempt, next: Next) -> Result<(), Error>;
    async fn list_due_deliveries(&self, due_before_ms: UnixMillis, limit: u32) -> Result<Vec<EventId>, Error>;
    async fn list_deliveries(&self, key: &KeyHash, job_id: JobId) -> Result<(Option<ApiKey>, Option<Job>, Vec<Delivery>), Error>;
    /// Whether the key's account has the event, which is then due from the beginning.
    async fn redeliver_event(&self, key: &KeyHash, id: EventId, now: UnixMillis) -> Result<(Option<ApiKey>, bool), Error>;
}

/// The queues.
pub trait TaskQueue {
    async fn send(&self, pool: Pool, tasks: &[TranscodeTask]) -> Result<(), Error>;
    /// Wakes the sender of events, after a pause.
    async fn wake_sender(&self, ids: &[EventId], delay_s: u32) -> Result<(), Error>;
    /// Has orders looked after, after a pause.
    async fn wake_provider(&self, wakes: &[ProviderWake], delay_s: u32) -> Result<(), Error>;
}

/// Speaks to receivers and providers.
pub trait HttpSender {
    /// Sends, follows no redirect, waits no longer. The answer, or why there is none.
    async fn exchange(&self, request: &HttpRequest) -> Result<HttpAnswer, String>;
    /// Posts, follows no redirect, waits no longer. The status, or why there is none.
    async fn post(&self, url: &str, headers: &[(&'static str, String)], body: &str, timeout_ms: u64) -> Result<u16, String>;
}

/// Bytes on their way in.
pub trait ByteSource {
    /// The next few; none at the end.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Error>;
}

/// The bucket, as far as use cases look at it.
pub trait Objects {
    /// Size of an object, if it is there.
    /// Units: bytes.
    async fn find_size_bytes(&self, object_key: &str) -> Result<Option<u64>, Error>;
    /// Stores an object as it comes, and never holds the whole of it; what ends in an error leaves nothing behind. Answers
    /// its size; nothing is stored of what has none.
    /// Units: bytes. Errors: those of `bytes`.
    async fn store(&self, object_key: &str, content_type: &str, bytes: &mut impl ByteSource) -> Result<u64, Error>;
    /// Removes an object; one that is not there is fine.
    async fn remove(&self, object_key: &str) -> Result<(), Error>;
    /// Removes everything whose key begins so.
    async fn remove_below(&self, prefix: &str) -> Result<(), Error>;
}
