//! Runs the due step of a generation: sends it to its provider, polls it, records the video, or
//! fails the job.
//!
//! Safe to call at any time and concurrently: each step is claimed by one caller.

use shared::address;
use shared::code::JobErrorCode;
use shared::source::Source;
use shared::task::Pool;
use shared::time::UnixMillis;

use crate::app::download_output::sign_object_url;
use crate::app::ports::{
    Creation, Ended, GenerationStore as _, GenerationUrls, Ports, Provider as _, ProviderWake, TaskProgress, TaskQueue as _,
};
use crate::app::queue_delivery::queue_delivery;
use crate::app::queue_task::queue_task;
use crate::domain::error::Error;
use crate::domain::failure::JobFailure;
use crate::domain::generation::{self, Generation, GenerationState, SENDING_MS_MAX};
use crate::domain::job::Job;
use crate::domain::pause::doubling_pause_ms;
use crate::domain::run::RunRef;
use crate::domain::webhook::EventId;

/// The step that was taken, for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advance {
    /// Nothing is due, or another caller has claimed the step.
    Nothing,
    Sent,
    /// Not yet sent: the provider's rate limit is reached, or it refused.
    PutOff,
    /// Sent without a response: the provider may or may not have received it.
    Unclear,
    Polled,
    Received,
    Failed,
}

/// Takes the due step for a run.
pub async fn advance_generation(ports: &impl Ports, run: RunRef) -> Result<Advance, Error> {
    let now = ports.now();
    let Some((generation, job)) = ports.store().find_generation(run).await? else { return Ok(Advance::Nothing) };
    match generation.state {
        GenerationState::Over => Ok(Advance::Nothing),
        _ if generation.deadline_at_ms <= now => {
            let code = match generation.state {
                GenerationState::Waiting => JobErrorCode::ProviderUnavailable,
                _ => JobErrorCode::ProviderTimeout,
            };
            fail(ports, run, code, "its deadline has passed").await
        }
        GenerationState::Waiting => send(ports, &generation, &job).await,
        // Without a task id it cannot be polled; only the provider's callback can name the task.
        GenerationState::Sending => Ok(Advance::Nothing),
        GenerationState::Sent => poll(ports, &generation).await,
    }
}

async fn send(ports: &impl Ports, generation: &Generation, job: &Job) -> Result<Advance, Error> {
    let (run, now, settings) = (generation.run, ports.now(), ports.settings());
    let Some(provider) = ports.provider(&generation.provider).filter(|provider| provider.unavailable().is_none()) else {
        return fail(ports, run, JobErrorCode::ProviderUnavailable, "the provider is not configured any more").await;
    };
    let deadline_at_ms = now.plus_ms(settings.provider_timeout_ms);
    let Some(tries) = ports.store().claim_generation_to_send(run, provider.rate(), deadline_at_ms, now).await? else {
        // The rate limit is reached, or the provider wants a pause; or another caller sent it,
        // and the wake-up finds nothing due.
        wake_provider(ports, run, provider.rate().window_ms).await;
        return Ok(Advance::PutOff);
    };
    let url = |source: &Option<Source>| source.as_ref().map(|source| source_url(ports, source));
    let urls = GenerationUrls { image: url(&job.prompt_image), sound: url(&job.prompt_sound) };
    let callback_url = callback_url(ports, generation);
    match provider.create(&generation.request, &urls, &callback_url).await {
        Creation::Accepted { task_id } => {
            record_task(ports, run, &task_id).await?;
            Ok(Advance::Sent)
        }
        Creation::Refused { retry_after_ms } => {
            let pause_ms = retry_after_ms.unwrap_or_else(|| doubling_pause_ms(tries));
            let deadline_at_ms = sending_deadline(job.created_at_ms);
            ports.store().requeue_generation(generation, ports.now().plus_ms(pause_ms), deadline_at_ms).await?;
            wake_provider(ports, run, pause_ms).await;
            Ok(Advance::PutOff)
        }
        Creation::Rejected { code, reason } => fail(ports, run, code, &reason).await,
        Creation::Unclear { reason } => {
            warn(ports, "a generation may have arrived at its provider; it is not sent again", run, &reason);
            Ok(Advance::Unclear)
        }
    }
}

/// Records the provider's task id and schedules the first poll. Returns false if another call
/// already recorded one.
pub async fn record_task(ports: &impl Ports, run: RunRef, task_id: &str) -> Result<bool, Error> {
    let (now, settings) = (ports.now(), ports.settings());
    let pause_ms = generation::poll_pause_ms(&settings.provider_poll_s, 0);
    let deadline_at_ms = now.plus_ms(settings.provider_timeout_ms);
    let bound = ports.store().record_provider_task(run, task_id, now.plus_ms(pause_ms), deadline_at_ms, now).await?;
    wake_provider(ports, run, pause_ms).await;
    Ok(bound)
}

async fn poll(ports: &impl Ports, generation: &Generation) -> Result<Advance, Error> {
    let (run, now) = (generation.run, ports.now());
    let (Some(provider), Some(task_id)) = (ports.provider(&generation.provider), &generation.task_id) else {
        return fail(ports, run, JobErrorCode::ProviderUnavailable, "the provider is not configured any more").await;
    };
    let mut pause_ms = generation::poll_pause_ms(&ports.settings().provider_poll_s, generation.tries.saturating_add(1));
    if !ports.store().claim_generation_to_poll(run, now.plus_ms(pause_ms), now).await? {
        return Ok(Advance::Nothing);
    }
    match provider.find(task_id).await.progress {
        TaskProgress::Succeeded { url } => return receive(ports, run, &url).await,
        TaskProgress::Failed { code, reason } => return fail(ports, run, code, &reason).await,
        TaskProgress::Unknown if generation.is_unknown_for_too_long(now) => {
            return fail(ports, run, JobErrorCode::ProviderFailed, "the provider does not know its own task").await;
        }
        TaskProgress::Unknown | TaskProgress::Waiting => {}
        TaskProgress::Working => ports.store().record_processing(run, now).await?,
        TaskProgress::Unanswered { retry_after_ms, reason } => {
            warn(ports, "a provider did not answer; it is polled again", run, &reason);
            pause_ms = pause_ms.max(retry_after_ms.unwrap_or_default());
        }
    }
    wake_provider(ports, run, pause_ms).await;
    Ok(Advance::Polled)
}

/// Makes the video the source of the run and queues it. The transcoder fetches it with the guarded
/// HTTP client.
async fn receive(ports: &impl Ports, run: RunRef, url: &str) -> Result<Advance, Error> {
    let Ok(url) = address::check_url(url, &ports.settings().allowed_hosts) else {
        return fail(ports, run, JobErrorCode::ProviderFailed, "the video lies where nothing is fetched from").await;
    };
    if !ports.store().record_generated_video(run, url.as_str(), ports.now()).await? {
        warn(ports, "a video came for a job that is over", run, "nothing was changed");
        return Ok(Advance::Nothing);
    }
    queue_task(ports, Pool::Light, run).await;
    Ok(Advance::Received)
}

async fn fail(ports: &impl Ports, run: RunRef, code: JobErrorCode, reason: &str) -> Result<Advance, Error> {
    let (failure, now) = (JobFailure::of(code), ports.now());
    match ports.store().fail_generating_job(run, &failure, ports.new_ledger_entry_id(), now).await? {
        Ended::Now { has_callback } => {
            warn(ports, "a video will not come", run, reason);
            if has_callback {
                queue_delivery(ports, EventId::end(run)).await;
            }
            Ok(Advance::Failed)
        }
        Ended::NotHeld(_) => Ok(Advance::Nothing),
    }
}

fn source_url(ports: &impl Ports, source: &Source) -> String {
    match source {
        Source::Object { object_key, size_bytes } => sign_object_url(ports, object_key, *size_bytes).0,
        Source::Url { url } => url.clone(),
    }
}

/// The callback URL. It names the run, so that a task whose answer was lost is found again, and
/// carries a token that only we can make.
fn callback_url(ports: &impl Ports, generation: &Generation) -> String {
    let (settings, run) = (ports.settings(), generation.run);
    let token = generation::callback_token(&settings.file_url_secret, run);
    let Generation { provider, .. } = generation;
    format!("{}/api/v1/webhooks/{provider}?job={}&run={}&token={token}", settings.public_base_url, run.job_id, run.run)
}

/// Schedules the next step. If the queue fails, the sweep takes it later.
pub async fn wake_provider(ports: &impl Ports, run: RunRef, pause_ms: u64) {
    if let Err(error) = ports.tasks().wake_provider(&[ProviderWake::Due(run)], pause_ms).await {
        ports.warn("a generation was not queued; the sweep will do it", &[("job.id", &run.job_id), ("error", &error)]);
    }
}

fn warn(ports: &impl Ports, message: &str, run: RunRef, reason: &str) {
    ports.warn(message, &[("job.id", &run.job_id), ("reason", &reason)]);
}

/// The instant at which a generation that could not be sent fails.
pub fn sending_deadline(created_at_ms: UnixMillis) -> UnixMillis {
    created_at_ms.plus_ms(SENDING_MS_MAX)
}
