//! The ports to providers that generate videos, and to the table of generations.

use shared::code::JobErrorCode;
use shared::id::LedgerEntryId;
use shared::time::UnixMillis;

use super::Ended;
use crate::domain::error::Error;
use crate::domain::failure::JobFailure;
use crate::domain::generation::{Generation, GenerationRequest};
use crate::domain::job::Job;
use crate::domain::run::RunRef;

/// Generates videos from prompts and images. Each has its own folder in `edge/src/provider/`.
pub trait Provider {
    /// The reason why this installation cannot use the provider; None if it can.
    fn unavailable(&self) -> Option<&'static str>;
    /// Its rate limit.
    fn rate(&self) -> SendingRate;
    /// Sends a request, once.
    async fn create(&self, request: &GenerationRequest, urls: &GenerationUrls, callback_url: &str) -> Creation;
    /// Polls a task.
    async fn find(&self, task_id: &str) -> Found;
}

/// The URLs of a request's files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GenerationUrls {
    pub image: Option<String>,
    pub sound: Option<String>,
}

/// A rate limit: so many requests in any window of this length.
#[derive(Debug, Clone, Copy)]
pub struct SendingRate {
    pub count_max: u32,
    pub window_ms: u64,
}

/// The outcome of sending a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Creation {
    Accepted {
        task_id: String,
    },
    /// Nothing was created; it may be sent again.
    Refused {
        retry_after_ms: Option<u64>,
    },
    /// Nothing was created, and nothing ever will be.
    Rejected {
        code: JobErrorCode,
        /// For the log.
        reason: String,
    },
    /// No response: the task may or may not have been created.
    Unclear {
        /// For the log.
        reason: String,
    },
}

/// A provider's record of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub progress: TaskProgress,
    /// The callback URL that the task was created with.
    pub callback_url: Option<String>,
}

/// The progress of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskProgress {
    /// The provider does not know it.
    Unknown,
    Waiting,
    Working,
    Succeeded {
        url: String,
    },
    Failed {
        code: JobErrorCode,
        /// For the log.
        reason: String,
    },
    /// The poll was not answered.
    Unanswered {
        retry_after_ms: Option<u64>,
        /// For the log.
        reason: String,
    },
}

/// A message on the provider queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderWake {
    /// A step of a run's generation is due.
    Due(RunRef),
    /// A provider called back about a task. Untrusted: it only causes a poll.
    Callback { provider: String, task_id: String },
}

/// The table of generations. State changes are compare-and-set.
pub trait GenerationStore {
    async fn find_generation(&self, run: RunRef) -> Result<Option<(Generation, Job)>, Error>;
    async fn find_generation_of_task(&self, provider: &str, task_id: &str) -> Result<Option<Generation>, Error>;
    /// Claims the right to send a waiting generation if the rate limit allows. Returns the number
    /// of claims so far; None if it was not claimed.
    async fn claim_generation_to_send(
        &self,
        run: RunRef,
        rate: SendingRate,
        deadline_at_ms: UnixMillis,
        now: UnixMillis,
    ) -> Result<Option<u32>, Error>;
    /// Claims one poll of a due task. Returns false if another caller has claimed it or it is not
    /// due.
    async fn claim_generation_to_poll(&self, run: RunRef, due_at_ms: UnixMillis, now: UnixMillis) -> Result<bool, Error>;
    /// The provider refused it: it waits again, and nothing else is sent to the provider before
    /// `due_at_ms`.
    async fn requeue_generation(
        &self,
        generation: &Generation,
        due_at_ms: UnixMillis,
        deadline_at_ms: UnixMillis,
    ) -> Result<(), Error>;
    /// Records the provider's task id and marks the job as submitted. Returns false if it changed
    /// nothing.
    async fn record_provider_task(
        &self,
        run: RunRef,
        task_id: &str,
        due_at_ms: UnixMillis,
        deadline_at_ms: UnixMillis,
        now: UnixMillis,
    ) -> Result<bool, Error>;
    async fn make_generation_due(&self, run: RunRef, now: UnixMillis) -> Result<(), Error>;
    async fn record_processing(&self, run: RunRef, now: UnixMillis) -> Result<(), Error>;
    /// Makes the video the source and queues the job. Returns false if the run no longer awaits a
    /// video.
    async fn record_generated_video(&self, run: RunRef, url: &str, now: UnixMillis) -> Result<bool, Error>;
    async fn fail_generating_job(
        &self,
        run: RunRef,
        failure: &JobFailure,
        entry_id: LedgerEntryId,
        now: UnixMillis,
    ) -> Result<Ended, Error>;
    async fn list_due_generations(&self, due_before_ms: UnixMillis, limit: u32) -> Result<Vec<RunRef>, Error>;
}
