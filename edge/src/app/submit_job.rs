//! Creates a job: checks its input, reserves its price, sends its task.

use shared::address;
use shared::id::JobId;
use shared::media::{BACKGROUND_SIZE_BYTES_MAX, Output};
use shared::price::{self, Resolution};
use shared::source::Source;

use crate::app::advance_generation::wake_provider;
use crate::app::find_source::find_source;
use crate::app::list_models::unavailable;
use crate::app::ports::{Created, JobStore as _, Objects as _, Ports};
use crate::app::queue_task::queue_task;
use crate::domain::api_key::Caller;
use crate::domain::dialect::DialectPolicy;
use crate::domain::error::Error;
use crate::domain::generation::{AspectRatio, GenerationRequest};
use crate::domain::idempotency::IdempotencyKey;
use crate::domain::job::{Callback, Job, JobOptions, NewJob, Start};
use crate::domain::model::Model;
use crate::domain::run::RunRef;
use crate::domain::secret_box;

/// A request for a job, as a dialect parsed it.
#[derive(Debug, Clone, PartialEq)]
pub struct JobRequest {
    pub policy: DialectPolicy,
    pub model: Model,
    pub input: JobInput,
    /// A picture of the background without the subject.
    pub background_url: Option<String>,
    pub outputs: Vec<Output>,
    /// The caller's claim; corrected once the source was probed.
    pub duration_ms: Option<u64>,
    pub options: JobOptions,
    /// The caller's own data, as JSON.
    pub metadata_json: Option<String>,
    /// The parts of the request that only its dialect understands, as JSON.
    pub dialect_request_json: Option<String>,
    /// The caller's id of the request.
    pub request_id: Option<String>,
    pub callback_url: Option<String>,
    /// Signs the job's webhooks instead of the account's secret.
    pub callback_secret: Option<String>,
}

impl JobRequest {
    /// A request with nothing but what every job needs.
    pub fn new(policy: DialectPolicy, model: Model, input: JobInput, outputs: Vec<Output>) -> Self {
        Self {
            policy,
            model,
            input,
            background_url: None,
            outputs,
            duration_ms: None,
            options: JobOptions::default(),
            metadata_json: None,
            dialect_request_json: None,
            request_id: None,
            callback_url: None,
            callback_secret: None,
        }
    }
}

/// The input of a job, as a dialect parsed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobInput {
    Video {
        url: String,
    },
    /// A prompt and the first frame, for a provider. At least one of the two is present.
    Generation {
        prompt: String,
        image_url: Option<String>,
        aspect_ratio: Option<AspectRatio>,
    },
    /// Two files of the request body.
    Portrait {
        picture: Source,
        sound: Source,
    },
}

/// The files beside the source that a job's request brings.
#[derive(Default)]
struct InputFiles {
    background: Option<Source>,
    sound: Option<Source>,
    prompt_image: Option<Source>,
    prompt_sound: Option<Source>,
}

/// A new job, already reserved for.
///
/// A queue that cannot be reached does not fail the call: the job is committed, and the sweep sends
/// its task again.
/// Errors: `ModelUnavailable`, those of the source, `QuotaExceeded`, `InsufficientCredits`,
/// `JobActive`.
pub async fn submit_job(
    ports: &impl Ports,
    caller: Caller,
    request: JobRequest,
    idempotency: Option<&IdempotencyKey>,
) -> Result<Job, Error> {
    let info = request.model.info();
    if let Some(reason) = unavailable(ports, request.model, request.options.matting_model.as_deref()).await? {
        return Err(Error::ModelUnavailable(reason));
    }
    let duration_ms = request.duration_ms.unwrap_or(info.assumed_duration_ms());
    let resolution = request.options.assumed_resolution();
    let (start, mut files) = resolve_input(ports, caller, request.input.clone(), request.model, duration_ms, resolution).await?;
    if let Some(url) = &request.background_url {
        files.background = Some(resolve_background(ports, caller, url).await?);
    }
    let reserved_credits = price::price_credits(info.tariff, duration_ms, resolution, request.outputs.len());
    let new_job = new_job(ports, caller, request, start, files, reserved_credits)?;
    let now = new_job.created_at_ms;
    let job = match ports.store().create_job(&new_job, ports.new_ledger_entry_id(), idempotency).await {
        Ok(Created::Job(job)) => *job,
        Ok(Created::Refused(spending_limit)) => {
            return Err(match spending_limit.refusal(reserved_credits, now) {
                Some(refusal) => refusal,
                None if new_job.policy.is_only_active_job => Error::JobActive,
                None => Error::UploadMissing,
            });
        }
        // The batch may have been committed and its answer lost: the caller must not pay for a job
        // that it does not learn of.
        Err(error) => ports.store().find_job(new_job.id).await?.ok_or(error)?,
    };
    let run = RunRef { job_id: job.id, run: job.run };
    match new_job.start {
        Start::Source(_) => queue_task(ports, job.model.info().strategy.pool(), run).await,
        Start::Generation(_) => wake_provider(ports, run, 0).await,
    }
    Ok(job)
}

/// A draft of a job on a video: nothing is reserved for it, and no task is sent.
/// Errors: `ModelUnavailable`, those of the source, `ForbiddenUrl`.
pub async fn create_draft(
    ports: &impl Ports,
    caller: Caller,
    request: JobRequest,
    idempotency: Option<&IdempotencyKey>,
) -> Result<Job, Error> {
    if let Some(reason) = unavailable(ports, request.model, request.options.matting_model.as_deref()).await? {
        return Err(Error::ModelUnavailable(reason));
    }
    let JobInput::Video { url } = &request.input else { return Err(Error::Internal("a draft of an order".into())) };
    let source = resolve_source(ports, caller, "input.videoUrl", url).await?;
    let draft = new_job(ports, caller, request, Start::Source(source), InputFiles::default(), 0)?;
    match ports.store().create_draft(&draft, idempotency).await? {
        Created::Job(job) => Ok(*job),
        // A draft costs nothing.
        Created::Refused(_) => Err(Error::UploadMissing),
    }
}

/// The job of a request whose input was resolved.
/// Errors: `ForbiddenUrl`.
fn new_job(
    ports: &impl Ports,
    caller: Caller,
    request: JobRequest,
    start: Start,
    files: InputFiles,
    reserved_credits: u64,
) -> Result<NewJob, Error> {
    let now = ports.now();
    Ok(NewJob {
        id: JobId::from_parts(now, ports.random_u128()),
        account_id: caller.account_id,
        api_key_id: caller.api_key_id,
        policy: request.policy,
        model: request.model,
        start,
        background: files.background,
        sound: files.sound,
        prompt_image: files.prompt_image,
        prompt_sound: files.prompt_sound,
        outputs: request.outputs,
        options: request.options,
        metadata_json: request.metadata_json,
        dialect_request_json: request.dialect_request_json,
        request_id: request.request_id,
        callback: callback(ports, request.callback_url, request.callback_secret.as_deref())?,
        reserved_credits,
        created_at_ms: now,
    })
}

/// Resolves the input into the job's source or generation request, and checks its other files.
async fn resolve_input(
    ports: &impl Ports,
    caller: Caller,
    input: JobInput,
    model: Model,
    duration_ms: u64,
    resolution: Resolution,
) -> Result<(Start, InputFiles), Error> {
    let mut files = InputFiles::default();
    let start = match input {
        JobInput::Video { url } => Start::Source(resolve_source(ports, caller, "input.videoUrl", &url).await?),
        JobInput::Generation { prompt, image_url, aspect_ratio } => {
            if let Some(url) = image_url {
                files.prompt_image = Some(resolve_source(ports, caller, "input.imageUrl", &url).await?);
            }
            let request = GenerationRequest { prompt, duration_s: duration_ms.div_ceil(1_000), resolution, aspect_ratio };
            Start::Generation(Box::new(request))
        }
        JobInput::Portrait { picture, sound } if model == Model::KieKlingAvatar => {
            files = InputFiles { prompt_image: Some(picture), prompt_sound: Some(sound), ..InputFiles::default() };
            Start::Generation(Box::new(GenerationRequest::of_portrait()))
        }
        JobInput::Portrait { picture, sound } => {
            files.sound = Some(sound);
            Start::Source(picture)
        }
    };
    Ok((start, files))
}

pub fn callback(ports: &impl Ports, url: Option<String>, secret: Option<&str>) -> Result<Option<Callback>, Error> {
    let settings = ports.settings();
    let Some(url) = url else { return Ok(None) };
    let url = address::check_url(&url, &settings.allowed_hosts)
        .map_err(|refusal| Error::ForbiddenUrl { field: "options.callbackUrl", refusal })?;
    let sealed = secret.map(|secret| secret_box::seal(&settings.secret_box_key, &ports.random_bytes(), secret));
    Ok(Some(Callback { url: url.into(), secret_box: sealed.transpose()? }))
}

/// Resolves a source of at most `BACKGROUND_SIZE_BYTES_MAX`.
async fn resolve_background(ports: &impl Ports, caller: Caller, url: &str) -> Result<Source, Error> {
    const FIELD: &str = "input.backgroundUrl";
    let source = resolve_source(ports, caller, FIELD, url).await?;
    match source {
        Source::Object { size_bytes, .. } if size_bytes > BACKGROUND_SIZE_BYTES_MAX => {
            let message = format!("The picture may have at most {BACKGROUND_SIZE_BYTES_MAX} bytes.");
            Err(Error::invalid(FIELD, message))
        }
        source => Ok(source),
    }
}

/// Resolves a URL as `find_source` does, and checks that an object of ours exists with its declared
/// size.
pub async fn resolve_source(ports: &impl Ports, caller: Caller, field: &'static str, url: &str) -> Result<Source, Error> {
    match find_source(ports, caller, field, url)? {
        Source::Object { object_key, size_bytes } => {
            if ports.objects().find_size_bytes(&object_key).await? != Some(size_bytes) {
                return Err(Error::UploadMissing);
            }
            Ok(Source::Object { object_key, size_bytes })
        }
        source @ Source::Url { .. } => Ok(source),
    }
}
