//! What use cases need of those who make videos, and of the table that remembers what was ordered.

use shared::code::JobErrorCode;
use shared::id::LedgerEntryId;
use shared::time::UnixMillis;

use super::Ended;
use crate::domain::error::Error;
use crate::domain::failure::JobFailure;
use crate::domain::generation::{Generation, GenerationRequest};
use crate::domain::job::Job;
use crate::domain::run::RunRef;

/// Makes videos out of words and pictures. Each lives in a folder of its own, `edge/src/provider/`.
pub trait Provider {
    /// Why this installation cannot ask it.
    fn unavailable(&self) -> Option<&'static str>;
    /// How often it may be given something to do.
    fn rate(&self) -> SendingRate;
    /// Hands an order over, once.
    async fn create(&self, request: &GenerationRequest, urls: &GenerationUrls, callback_url: &str) -> Creation;
    /// Asks what became of a task.
    async fn find(&self, task_id: &str) -> Found;
}

/// Where the files of an order can be fetched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GenerationUrls {
    pub image: Option<String>,
    pub sound: Option<String>,
}

/// So many in any window of this length.
#[derive(Debug, Clone, Copy)]
pub struct SendingRate {
    pub count_max: u32,
    pub window_ms: u64,
}

/// What came of handing an order over.
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
    /// Nobody knows whether it was created.
    Unclear {
        /// For the log.
        reason: String,
    },
}

/// What a provider says of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub progress: TaskProgress,
    /// Where the task was to call back, in the provider's own words.
    pub callback_url: Option<String>,
}

/// How far a task is.
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
    /// The question was not answered.
    Unanswered {
        retry_after_ms: Option<u64>,
        /// For the log.
        reason: String,
    },
}

/// A reason to look after an order, as it stands on the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderWake {
    /// Something is due for a run.
    Due(RunRef),
    /// A provider says that something became of a task. A hint, and no more.
    Callback { provider: String, task_id: String },
}

/// Orders on their way. State changes are compare-and-set.
pub trait GenerationStore {
    async fn find_generation(&self, run: RunRef) -> Result<Option<(Generation, Job)>, Error>;
    async fn find_generation_of_task(&self, provider: &str, task_id: &str) -> Result<Option<Generation>, Error>;
    /// The right to send it, if it waits and the rate allows. From then on until the deadline it is
    /// never sent twice.
    async fn claim_generation_to_send(
        &self,
        run: RunRef,
        rate: SendingRate,
        deadline_at_ms: UnixMillis,
        now: UnixMillis,
    ) -> Result<Option<u32>, Error>;
    /// Whether it is this caller's turn to ask.
    async fn claim_generation_to_poll(&self, run: RunRef, due_at_ms: UnixMillis, now: UnixMillis) -> Result<bool, Error>;
    /// The provider refused it: it waits again, and nothing else is sent to the provider until
    /// then.
    async fn requeue_generation(
        &self,
        generation: &Generation,
        due_at_ms: UnixMillis,
        deadline_at_ms: UnixMillis,
    ) -> Result<(), Error>;
    /// Whether the task's name was taken down by this call; its job is then submitted.
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
    /// Whether the job waits for a transcoder by this call.
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
