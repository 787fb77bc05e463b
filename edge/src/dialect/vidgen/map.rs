//! Maps between the wire types of the VidGen API and the domain, both ways. Pure.

use shared::id::JobId;

use super::wire::{JobOut, JobsOut, ListQuery, OneJobOut, PaginationOut, StatusOut};
use crate::app::download_output::sign_object_url;
use crate::app::ports::Ports;
use crate::domain::error::Error;
use crate::domain::job::{Job, JobState};
use crate::domain::share;
use crate::server::page::{PageQuery, PageRequest};

/// The page and the states that a request names; no state means all.
pub fn list_request(query: &ListQuery) -> Result<(PageRequest, &'static [JobState]), Error> {
    let states = match query.status.as_deref() {
        None => &[],
        Some(status) => states(status)
            .ok_or_else(|| Error::invalid("status", "Must be PENDING, PROCESSING, COMPLETED, FAILED or CANCELLED."))?,
    };
    let query = PageQuery { limit: query.limit, cursor: query.cursor.clone() };
    Ok((PageRequest::read(&query, JobId::PREFIX)?, states))
}

pub fn jobs_out(ports: &impl Ports, page: &PageRequest, rows: &[Job]) -> JobsOut {
    let (shown, last) = page.split(rows);
    let next_cursor = last.map(|last| last.id.to_string());
    JobsOut {
        jobs: shown.iter().map(|job| job_out(ports, job)).collect(),
        pagination: PaginationOut { limit: page.limit, has_next_page: next_cursor.is_some(), next_cursor },
    }
}

pub fn one_job_out(ports: &impl Ports, job: &Job) -> OneJobOut {
    OneJobOut { job: job_out(ports, job), job_id: job.id.to_string(), progress: job.progress_percent }
}

fn job_out(ports: &impl Ports, job: &Job) -> JobOut {
    let StatusOut { job_id, status, output_video, output_share_link, error_message, created_at, updated_at, .. } =
        status_out(ports, job);
    JobOut {
        id: job_id,
        status,
        output_video,
        output_share_link,
        error_message,
        retries: job.attempt.saturating_sub(1),
        created_at,
        updated_at,
        webhook_url: job.callback.as_ref().map(|callback| callback.url.clone()),
    }
}

/// The status of a job; also the body of a webhook event.
pub fn status_out(ports: &impl Ports, job: &Job) -> StatusOut {
    let settings = ports.settings();
    let link = || share::url(&settings.public_base_url, &settings.file_url_secret, job.id);
    let video = share::playable(job).or_else(|| job.assets.first());
    StatusOut {
        job_id: job.id.to_string(),
        status: status(job.state),
        progress: job.progress_percent,
        output_video: video.map(|asset| sign_object_url(ports, &asset.object_key, asset.size_bytes).0),
        output_share_link: share::playable(job).map(|_| link()),
        error_message: job.failure.as_ref().map(|failure| failure.message.clone()),
        created_at: job.created_at_ms.to_iso_8601(),
        updated_at: job.updated_at_ms.to_iso_8601(),
    }
}

const fn status(state: JobState) -> &'static str {
    match state {
        JobState::Created | JobState::Queued => "PENDING",
        JobState::Submitted | JobState::Processing | JobState::Transcoding => "PROCESSING",
        JobState::Success => "COMPLETED",
        JobState::Failed => "FAILED",
        JobState::Canceled => "CANCELLED",
    }
}

/// The job states that a status covers.
fn states(status: &str) -> Option<&'static [JobState]> {
    Some(match status {
        "PENDING" => &[JobState::Created, JobState::Queued],
        "PROCESSING" => &[JobState::Submitted, JobState::Processing, JobState::Transcoding],
        "COMPLETED" => &[JobState::Success],
        "FAILED" => &[JobState::Failed],
        "CANCELLED" => &[JobState::Canceled],
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_names_exactly_the_states_that_it_is_shown_for() {
        for state in JobState::ALL {
            let named = states(status(state)).unwrap();
            assert!(named.contains(&state) && named.iter().all(|other| status(*other) == status(state)), "{state}");
        }
        assert_eq!(states("pending"), None);
    }
}
