//! Drafts, and starting them: a draft holds nothing, and each start of a job is a run with a reserve of its own.

use shared::id::JobId;
use shared::media::Output;
use shared::price::{self, ASSUMED_RESOLUTION, Resolution};
use shared::task::TranscodeTask;

use crate::app::list_models::unavailable;
use crate::app::ports::{JobStore as _, Ports, Started, TaskQueue as _};
use crate::app::submit_job::{JobInput, JobRequest, callback, resolve_source};
use crate::domain::api_key::Caller;
use crate::domain::error::Error;
use crate::domain::job::{Job, JobOptions, NewJob, NewRun, RunRef, Start};
use crate::domain::model::Model;

/// What a run is to be, as a dialect understood it.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRequest {
    pub model: Model,
    pub outputs: Vec<Output>,
    pub options: JobOptions,
    pub words_json: Option<String>,
    /// None keeps the receiver that the job has.
    pub callback_url: Option<String>,
}

/// A draft of a job on footage.
/// Errors: `ModelUnavailable`, those of the source, `ForbiddenUrl`.
pub async fn create_draft(ports: &impl Ports, caller: Caller, request: JobRequest) -> Result<Job, Error> {
    if let Some(reason) = unavailable(ports, request.model, request.options.matting_model.as_deref()).await? {
        return Err(Error::ModelUnavailable(reason));
    }
    let JobInput::Video { url } = request.input else { return Err(Error::Internal("a draft of an order".into())) };
    let source = resolve_source(ports, caller, "input.videoUrl", &url).await?;
    let callback = callback(ports, request.callback_url, request.callback_secret.as_deref())?;
    let now = ports.now();
    let draft = NewJob {
        id: JobId::from_parts(now, ports.random_u128()),
        account_id: caller.account_id,
        api_key_id: caller.api_key_id,
        dialect: request.dialect,
        model: request.model,
        start: Start::Footage(source),
        outputs: request.outputs,
        options: request.options,
        background: None,
        sound: None,
        metadata_json: request.metadata_json,
        words_json: request.words_json,
        request_id: request.request_id,
        callback,
        reserved_credits: 0,
        created_at_ms: now,
    };
    ports.store().create_draft(&draft).await
}

/// A draft, or a job that failed, as a queued run that is reserved for.
/// Errors: `JobNotStartable`, `ModelUnavailable`, `ForbiddenUrl`, `QuotaExceeded`, `InsufficientCredits`.
pub async fn start_job(ports: &impl Ports, job: Job, request: RunRequest) -> Result<Job, Error> {
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
    let card = request.model.card();
    let resolution = request.options.composition.canvas.map(Resolution::of).or(request.options.resolution);
    let now = ports.now();
    let run = NewRun {
        seen: RunRef { job_id: job.id, run: job.run },
        api_key_id: job.api_key_id,
        month: job.created_at_ms.to_month(),
        reserved_credits: price::price_credits(
            card.tariff,
            card.assumed_duration_ms(),
            resolution.unwrap_or(ASSUMED_RESOLUTION),
            request.outputs.len(),
        ),
        model: request.model,
        outputs: request.outputs,
        options: request.options,
        words_json: request.words_json,
        callback,
    };
    let job = match ports.store().start_job(&run, ports.new_ledger_entry_id(), now).await? {
        Started::Job(job) => *job,
        Started::NotStartable => return Err(Error::JobNotStartable),
        Started::NotCovered(purse) => {
            let refusal = purse.refusal(run.reserved_credits, now);
            return Err(refusal.unwrap_or_else(|| Error::Internal("a start was refused that the purse covers".into())));
        }
    };
    let task = TranscodeTask::TranscodeV1 { job_id: job.id, run: job.run };
    if let Err(error) = ports.tasks().send(job.model.card().strategy.pool(), &[task]).await {
        ports.warn("task was not queued; the sweep will send it", &[("job.id", &job.id), ("error", &error)]);
    }
    Ok(job)
}
