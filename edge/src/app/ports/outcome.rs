//! What ports take and give, beyond the domain's own types.

use shared::id::{AccountId, ApiKeyId, JobId, LedgerEntryId, UploadId};
use shared::matting::MattingModel;
use shared::media::MediaFacts;
use shared::price::Resolution;
use shared::report::AttemptStage;
use shared::strategy::Strategy;
use shared::strategy::StrategyChoice;
use shared::time::UnixMillis;

use crate::domain::api_key::{ApiKey, KeyHash, KeyRequest};
use crate::domain::job::Job;
use crate::domain::run::RunRef;
use crate::domain::spending_limit::SpendingLimit;
use crate::domain::webhook::EventId;

/// What is remembered of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remembered {
    Nothing,
    Request {
        fingerprint: String,
        answer_json: Option<String>,
        /// The job of a request that must have ended without keeping its answer.
        lost_job: Option<JobId>,
    },
}

/// An event and what came of it so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub id: EventId,
    pub event: String,
    pub state: String,
    /// Since the event or the last redelivery by hand, this one included.
    pub tries: u32,
    pub due_at_ms: UnixMillis,
    pub created_at_ms: UnixMillis,
    /// All of them, oldest first.
    pub attempts: Vec<DeliveryAttempt>,
}

/// One try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryAttempt {
    pub started_at_ms: UnixMillis,
    pub duration_ms: u64,
    /// What the receiver answered, or why it did not.
    pub outcome: Result<u16, String>,
}

/// What follows a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryOutcome {
    Delivered,
    TryAgain { due_at_ms: UnixMillis },
    GivenUp,
}

/// What became of a creation.
pub enum Created {
    Job(Box<Job>),
    /// Nothing was written, and this is what the key could spend: not enough, or it has an active
    /// job where one is all it may have.
    Refused(SpendingLimit),
}

/// What became of a start.
pub enum Started {
    Job(Box<Job>),
    /// Nothing was written: this is what the key could spend.
    NotCovered(SpendingLimit),
    /// Nothing was written: somebody else started it, or it is over.
    NotStartable,
}

/// What an account's jobs since some instant come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JobSums {
    pub total: u64,
    pub completed: u64,
    pub failed: u64,
    /// Held or spent.
    pub credits: u64,
}

/// What became of a claim.
pub enum Claimed {
    Leased(Box<Job>),
    /// Nothing was written; the job as it is, if it is.
    Refused(Option<Box<Job>>),
}

/// What became of something that only the holder of a lease may do.
pub enum Held {
    Done,
    /// Nothing was written; the job as it is, if it is.
    NotHeld(Option<Box<Job>>),
}

/// What became of an end.
pub enum Ended {
    /// By this call.
    Now {
        /// Somebody is to be told.
        has_callback: bool,
    },
    /// Nothing was written; the job as it is, if it is.
    NotHeld(Option<Box<Job>>),
}

/// What became of a deletion.
pub enum Deleted {
    /// Hidden by this call.
    Now {
        run: RunRef,
        /// Somebody is to be told, if this call also canceled.
        has_callback: bool,
    },
    /// Hidden before.
    Before,
    /// The key's account never had it.
    Never,
}

/// What became of a cancellation.
pub enum Canceled {
    Now {
        run: RunRef,
        /// Somebody may have to be told.
        has_callback: bool,
    },
    /// Nothing was written: somebody works on it, or it is over.
    NotCancelable,
    /// The key's account does not have it.
    Never,
}

/// What became of a probe.
pub enum Corrected {
    Covered,
    /// The facts were noted, the reserve was not corrected: this is what the key could spend, the
    /// reserve included.
    NotCovered(SpendingLimit),
    /// Nothing was written; the job as it is, if it is.
    NotHeld(Option<Box<Job>>),
}

/// A sign of life.
#[derive(Clone, Copy)]
pub struct Heartbeat {
    pub stage: AttemptStage,
    pub progress_percent: u8,
    pub lease_expires_at_ms: UnixMillis,
}

/// What a source turned out to be, and to cost.
pub struct Probe<'a> {
    pub facts: &'a MediaFacts,
    pub strategy: Strategy,
    pub choice: Option<&'a StrategyChoice>,
    pub resolution: Resolution,
    pub corrected_credits: u64,
    pub entry_id: LedgerEntryId,
    pub lease_expires_at_ms: UnixMillis,
}

/// A matting model, as it was announced last.
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

/// A part of a list, newest first: what lies below a cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// An id; the first page begins beyond all of them.
    pub cursor: String,
    pub limit: u32,
    /// So many below the cursor are passed over.
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

/// A file whose time is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldUpload {
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

/// What one key has spent in one month.
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

/// A request of ours to somebody whom the operator named.
pub struct HttpRequest {
    pub method: &'static str,
    pub url: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Option<String>,
    pub timeout_ms: u64,
}

/// What was answered, whatever the status.
#[derive(Debug, Clone)]
pub struct HttpAnswer {
    pub status: u16,
    /// When to come back, where it is said in seconds.
    pub retry_after_s: Option<u64>,
    pub body: String,
}
