//! Parameters and results of the ports, beyond the domain's types.

use shared::id::{AccountId, ApiKeyId, JobId, LeaseId, LedgerEntryId, UploadId};
use shared::matting::MattingModel;
use shared::media::MediaFacts;
use shared::price::Resolution;
use shared::report::AttemptStage;
use shared::strategy::Strategy;
use shared::strategy::StrategyChoice;
use shared::task::Pool;
use shared::time::UnixMillis;

use crate::domain::api_key::{ApiKey, KeyHash, KeyRequest};
use crate::domain::job::{Job, JobState};
use crate::domain::run::RunRef;
use crate::domain::spending_limit::SpendingLimit;
use crate::domain::webhook::EventId;

/// The earlier request with an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EarlierRequest {
    Absent,
    Present {
        fingerprint: String,
        answer_json: Option<String>,
        /// The job of a request that must have ended without recording its answer.
        lost_job: Option<JobId>,
    },
}

/// An event and its attempts so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub id: EventId,
    pub event: String,
    pub state: String,
    /// Attempts since the event or the last redelivery by hand, this one included.
    pub tries: u32,
    pub due_at_ms: UnixMillis,
    pub created_at_ms: UnixMillis,
    /// All of them, oldest first.
    pub attempts: Vec<DeliveryAttempt>,
}

/// One delivery attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryAttempt {
    pub started_at_ms: UnixMillis,
    pub duration_ms: u64,
    /// The receiver's HTTP status, or why there was no answer.
    pub outcome: Result<u16, String>,
}

/// The result of a delivery attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryOutcome {
    Delivered,
    TryAgain { due_at_ms: UnixMillis },
    GivenUp,
}

/// The outcome of a creation.
pub enum Created {
    Job(Box<Job>),
    /// Nothing was written: the key cannot pay, or has an active job where only one is allowed, or
    /// an upload among the files was removed. With what the key could spend.
    Refused(SpendingLimit),
}

/// The outcome of a start.
pub enum Started {
    Job(Box<Job>),
    /// Nothing was written: the key cannot pay, or an upload among the files was removed. With what
    /// the key could spend.
    Refused(SpendingLimit),
    /// Nothing was written: another call started it, or it is over.
    NotStartable,
}

/// Totals over an account's jobs since an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JobSums {
    pub total: u64,
    pub completed: u64,
    pub failed: u64,
    /// Held or spent.
    pub credits: u64,
}

/// The outcome of a claim.
pub enum Claimed {
    Leased(Box<Job>),
    /// Nothing was written; the job as it is, if there is one.
    Refused(Option<Box<Job>>),
}

/// The current run of a job, as far as the answer to a refused report depends on it. Heartbeats
/// read it, so it holds no more than that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunStatus {
    pub run: u32,
    pub state: JobState,
    /// The lease that holds the run or, once it is over, the last one.
    pub lease_id: Option<LeaseId>,
}

/// The outcome of a write that needs the lease.
pub enum Held {
    Done,
    /// Nothing was written; the current run, if there is such a job.
    NotHeld(Option<RunStatus>),
}

/// A run that was given back for a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Returned {
    /// How often it came back so far, attempts that count included.
    pub returns: u32,
    /// The queue of its next task.
    pub pool: Pool,
}

/// The outcome of a write that ends a run.
pub enum Ended {
    /// By this call.
    Now {
        /// The job has a webhook receiver.
        has_callback: bool,
    },
    /// Nothing was written; the current run, if there is such a job.
    NotHeld(Option<RunStatus>),
}

/// The outcome of a deletion.
pub enum Deleted {
    /// Hidden by this call.
    Now {
        run: RunRef,
        /// The job has a webhook receiver, which may have an event if this call also canceled.
        has_callback: bool,
    },
    /// Hidden before.
    Before,
    /// The key's account has no such job and never had one.
    Never,
}

/// The outcome of a cancellation.
pub enum Canceled {
    Now {
        run: RunRef,
        /// The job has a webhook receiver.
        has_callback: bool,
    },
    /// Nothing was written: the run is in work or over.
    NotCancelable,
    /// The key's account does not have it.
    Never,
}

/// The outcome of a recorded probe.
pub enum Corrected {
    Covered,
    /// The facts were noted, the reserve was not corrected: this is what the key could spend, the
    /// reserve included.
    NotCovered(SpendingLimit),
    /// Nothing was written; the current run, if there is such a job.
    NotHeld(Option<RunStatus>),
}

/// A heartbeat.
#[derive(Clone, Copy)]
pub struct Heartbeat {
    pub stage: AttemptStage,
    pub progress_percent: u8,
    pub lease_expires_at_ms: UnixMillis,
}

/// The probed facts of a source, and its price.
pub struct Probe<'a> {
    pub facts: &'a MediaFacts,
    pub strategy: Strategy,
    pub choice: Option<&'a StrategyChoice>,
    pub resolution: Resolution,
    pub corrected_credits: u64,
    pub entry_id: LedgerEntryId,
    pub lease_expires_at_ms: UnixMillis,
}

/// A matting model, as it was reported last.
#[derive(Debug, Clone)]
pub struct SeenModel {
    pub model: MattingModel,
    pub seen_at_ms: UnixMillis,
}

/// An account about to be created, with its first grant.
pub struct NewAccount<'a> {
    pub id: AccountId,
    pub name: &'a str,
    pub credits: u64,
    pub entry_id: LedgerEntryId,
}

/// A key about to be created.
pub struct NewApiKey<'a> {
    pub id: ApiKeyId,
    pub account_id: AccountId,
    pub hash: &'a KeyHash,
    pub about: &'a KeyRequest,
}

/// A page of a list, newest first: the items below a cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Items with smaller ids are listed. For the first page, a text above every id.
    pub cursor: String,
    pub limit: u32,
    /// The number of items below the cursor to skip.
    pub offset: u32,
}

/// An account's own secret for its receivers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookSecret {
    /// Encrypted, `secret_box`.
    pub secret_box: String,
    pub created_at_ms: UnixMillis,
    /// The one before, encrypted, and until when it still signs.
    pub old: Option<(String, UnixMillis)>,
}

/// An upload that nobody may read any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovedUpload {
    pub id: UploadId,
    pub object_key: String,
}

/// A key with what it has spent this month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyWithUse {
    pub key: ApiKey,
    pub used_credits: u64,
}

/// One movement of credits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    pub id: LedgerEntryId,
    pub kind: String,
    pub amount_credits: i64,
    pub job_id: Option<JobId>,
    pub api_key_id: Option<ApiKeyId>,
    pub created_at_ms: UnixMillis,
}

/// The credits that one key has spent in one month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyMonth {
    pub api_key_id: ApiKeyId,
    pub label: String,
    pub project_label: Option<String>,
    pub month: String,
    pub used_credits: i64,
}

/// An account as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    pub name: String,
    pub balance_credits: u64,
    /// Sum of the ledger's entries; equal to the balance.
    pub ledger_credits: i64,
    pub created_at_ms: UnixMillis,
}

/// An HTTP request to a provider.
pub struct HttpRequest {
    pub method: &'static str,
    pub url: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Option<String>,
    pub timeout_ms: u64,
}

/// The response, whatever its status.
#[derive(Debug, Clone)]
pub struct HttpAnswer {
    pub status: u16,
    /// The `Retry-After` header, where it is in seconds.
    pub retry_after_s: Option<u64>,
    pub body: String,
}
