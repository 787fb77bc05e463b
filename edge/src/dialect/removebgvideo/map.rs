//! Maps between the wire types of the RemoveBGVideo API and the domain, both ways. Pure.

mod request;

use shared::time::UnixMillis;

pub use self::request::*;
use super::wire::{ErrorOut, EventOut, JobIn, JobOut, SummaryOut, UsageEventOut, WebhookEventOut};
use crate::app::download_output::sign_object_url;
use crate::app::ports::{Delivery, JobSums, LedgerEntry, Ports};
use crate::domain::error::Error;
use crate::domain::job::{Job, JobState};

pub fn job_out(ports: &impl Ports, job: &Job) -> JobOut {
    let request = stored_request(job);
    let url = job.assets.first().map(|asset| sign_object_url(ports, &asset.object_key, asset.size_bytes));
    let (output_url, expires_at_ms) = url.unzip();
    JobOut {
        success: true,
        id: job.id.to_string(),
        job_id: job.id.to_string(),
        status: status(job.state),
        message: message(job.state),
        progress: job.progress_percent,
        // Another dialect's job goes by its own names.
        model: request.model.clone().unwrap_or_else(|| job.model.as_str().to_owned()),
        output_format: request.output_format.clone().unwrap_or_else(|| first_output(job)),
        warnings: warnings(&request),
        background: request.background,
        composition: request.composition,
        text_prompt: request.text_prompt,
        output_url,
        output_url_expires_at: expires_at_ms.map(UnixMillis::to_iso_8601),
        error: error(job),
        metadata: job.metadata_json.as_deref().and_then(|text| serde_json::from_str(text).ok()),
        request_id: job.request_id.clone(),
        webhook_url: job.callback.as_ref().map(|callback| callback.url.clone()),
        credits: job.charged_credits,
        created_at: job.created_at_ms.to_iso_8601(),
        updated_at: job.updated_at_ms.to_iso_8601(),
        webhook_events: None,
    }
}

/// The request that is stored with a job; empty for jobs of other dialects.
pub fn stored_request(job: &Job) -> JobIn {
    job.dialect_request_json.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// The body of a webhook event.
pub fn event_out(ports: &impl Ports, delivery: &Delivery, job: &Job) -> EventOut {
    EventOut { event: event_name(&delivery.event), data: job_out(ports, job) }
}

pub fn webhook_event_out(delivery: &Delivery) -> WebhookEventOut {
    let status = match delivery.state.as_str() {
        "delivered" => "sent",
        "failed" => "failed",
        _ => "pending",
    };
    WebhookEventOut { event: event_name(&delivery.event).to_owned(), status, attempts: delivery.attempts.len() }
}

/// This API has no cancellation: a canceled job counts as failed.
pub fn event_name(event: &str) -> &'static str {
    match event {
        "job.started" => "job.started",
        "job.completed" => "job.completed",
        _ => "job.failed",
    }
}

pub const fn summary_out(days: u32, sums: JobSums) -> SummaryOut {
    let JobSums { total, completed, failed, credits } = sums;
    SummaryOut { days, total_jobs: total, completed_jobs: completed, failed_jobs: failed, credits_used: credits }
}

pub fn usage_event_out(entry: &LedgerEntry) -> UsageEventOut {
    UsageEventOut {
        id: entry.id.to_string(),
        event: entry.kind.clone(),
        credits: entry.amount_credits,
        job_id: entry.job_id.map(String::from),
        created_at: entry.created_at_ms.to_iso_8601(),
    }
}

/// Use cases name fields as bgless does; this API has names of its own.
pub fn with_own_field_names(error: Error) -> Error {
    let own = |field| match field {
        "input.videoUrl" => "video_url",
        "options.callbackUrl" => "webhook_url",
        field => field,
    };
    match error {
        Error::ForbiddenUrl { field, refusal } => Error::ForbiddenUrl { field: own(field), refusal },
        Error::InvalidRequest { field, message } => Error::invalid(own(field), message),
        error => error,
    }
}

const fn status(state: JobState) -> &'static str {
    match state {
        JobState::Created => "created",
        JobState::Queued | JobState::Submitted | JobState::Processing | JobState::Transcoding => "processing",
        JobState::Success => "completed",
        JobState::Failed | JobState::Canceled => "failed",
    }
}

/// The job states that a status covers.
pub fn states(status: &str) -> Option<&'static [JobState]> {
    Some(match status {
        "created" => &[JobState::Created],
        "processing" => &[JobState::Queued, JobState::Submitted, JobState::Processing, JobState::Transcoding],
        "completed" => &[JobState::Success],
        "failed" => &[JobState::Failed, JobState::Canceled],
        _ => return None,
    })
}

const fn message(state: JobState) -> &'static str {
    match state {
        JobState::Created => "Job created; start it with POST /v1/jobs/{id}/start.",
        JobState::Queued | JobState::Submitted | JobState::Processing | JobState::Transcoding => "Job is processing.",
        JobState::Success => "Job completed.",
        JobState::Failed => "Job failed; it may be started again.",
        JobState::Canceled => "Job was canceled.",
    }
}

fn first_output(job: &Job) -> String {
    job.outputs.first().map_or_else(String::new, |output| output.as_str().to_owned())
}

fn error(job: &Job) -> Option<ErrorOut> {
    match (job.state, &job.failure) {
        (JobState::Failed, Some(failure)) => Some(ErrorOut { code: failure.code.as_str(), message: failure.message.clone() }),
        (JobState::Canceled, _) => {
            Some(ErrorOut { code: "canceled", message: "The job was deleted before it was done.".to_owned() })
        }
        _ => None,
    }
}
