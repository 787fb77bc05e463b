//! Starts drafts and failed jobs: each start is a run with its own reserve.

use shared::media::Output;
use shared::price;

use crate::app::list_models::unavailable;
use crate::app::ports::{JobStore as _, Ports, Started};
use crate::app::queue_task::queue_task;
use crate::app::submit_job::callback;
use crate::domain::api_key::Caller;
use crate::domain::error::Error;
use crate::domain::job::{Job, JobOptions, NewRun};
use crate::domain::model::Model;
use crate::domain::run::RunRef;

/// The parameters of a run, as a dialect parsed them.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRequest {
    pub model: Model,
    pub outputs: Vec<Output>,
    pub options: JobOptions,
    pub dialect_request_json: Option<String>,
    /// None keeps the job's receiver.
    pub callback_url: Option<String>,
}

/// Starts a draft or a failed job as a new run: reserves its price and queues its task. The run
/// counts against the quota of the key that starts it, whichever key created the job.
/// Errors: `JobNotStartable`, `ModelUnavailable`, `ForbiddenUrl`, `QuotaExceeded`,
/// `InsufficientCredits`, `UploadMissing`.
pub async fn start_job(ports: &impl Ports, caller: Caller, job: Job, request: RunRequest) -> Result<Job, Error> {
    if !job.is_startable() {
        return Err(Error::JobNotStartable);
    }
    if let Some(reason) = unavailable(ports, request.model, request.options.matting_model.as_deref()).await? {
        return Err(Error::ModelUnavailable(reason));
    }
    let callback = match request.callback_url {
        Some(url) => callback(ports, Some(url), None)?,
        None => job.callback,
    };
    let info = request.model.info();
    let now = ports.now();
    let run = NewRun {
        seen: RunRef { job_id: job.id, run: job.run },
        api_key_id: caller.api_key_id,
        month: now.to_month(),
        reserved_credits: price::price_credits(
            info.tariff,
            info.assumed_duration_ms(),
            request.options.assumed_resolution(),
            request.outputs.len(),
        ),
        model: request.model,
        outputs: request.outputs,
        options: request.options,
        dialect_request_json: request.dialect_request_json,
        callback,
    };
    let job = match ports.store().start_job(&run, ports.new_ledger_entry_id(), now).await? {
        Started::Job(job) => *job,
        Started::NotStartable => return Err(Error::JobNotStartable),
        Started::Refused(spending_limit) => {
            return Err(spending_limit.refusal(run.reserved_credits, now).unwrap_or(Error::UploadMissing));
        }
    };
    queue_task(ports, job.model.info().strategy.pool(), RunRef { job_id: job.id, run: job.run }).await;
    Ok(job)
}
