//! Leases a run to a transcoder, or refuses with the reason.

use shared::code::JobErrorCode;
use shared::portrait::Portrait;
use shared::report::{Claim, ClaimAnswer, ClaimRefusal, Work};
use shared::signature::CLOCK_SKEW_S_MAX;
use shared::time::UnixMillis;

use crate::app::fail_unleased_job::fail_unleased_job;
use crate::app::ports::{Claimed, LeaseStore as _, Ports};
use crate::app::queue_delivery::queue_delivery;
use crate::domain::error::Error;
use crate::domain::job::{ATTEMPTS_MAX, Job, JobState};
use crate::domain::run::{Lease, RunRef};
use crate::domain::webhook::EventId;

/// Leases a run. A run without attempts left is failed and refunded by the next claim.
pub async fn claim_task(ports: &impl Ports, claim: &Claim) -> Result<ClaimAnswer, Error> {
    let now = ports.now();
    let run = RunRef { job_id: claim.job_id, run: claim.run };
    let lease_duration_ms = ports.settings().lease_duration_ms;
    // The age of the lease id bounds the lease, so its timestamp must be current.
    if claim.lease_id.created_at().as_secs().abs_diff(now.as_secs()) > CLOCK_SKEW_S_MAX {
        return Err(Error::Forbidden);
    }
    let lease = Lease { id: claim.lease_id, expires_at_ms: now.plus_ms(lease_duration_ms) };
    let job = match ports.store().claim_job(run, lease, now).await? {
        Claimed::Leased(job) => {
            if job.attempt == 1 && job.callback.is_some() && job.notifies_start {
                queue_delivery(ports, EventId::start(run)).await;
            }
            return Ok(ClaimAnswer::Granted(Box::new(work(*job, lease, lease_duration_ms)?)));
        }
        Claimed::Refused(job) => job,
    };
    let refused = |reason| Ok(ClaimAnswer::Refused { reason });
    let Some(job) = job.filter(|job| job.run == claim.run) else { return refused(ClaimRefusal::Over) };
    match job.state {
        // A draft has no task; a task of an older run has no work left.
        JobState::Created | JobState::Success | JobState::Failed | JobState::Canceled => refused(ClaimRefusal::Over),
        JobState::Queued | JobState::Transcoding if is_exhausted(ports, &job, now) => {
            let failed = fail_unleased_job(ports, run, JobErrorCode::AttemptsExhausted, now).await?;
            refused(if failed { ClaimRefusal::AttemptsExhausted } else { ClaimRefusal::Leased })
        }
        JobState::Queued | JobState::Submitted | JobState::Processing | JobState::Transcoding => refused(ClaimRefusal::Leased),
    }
}

/// True if the run has no attempt left and its last lease expired a whole lease duration ago. Until
/// then a late result counts, since no other transcoder may claim the run.
pub fn is_exhausted(ports: &impl Ports, job: &Job, now: UnixMillis) -> bool {
    let grace_ms = ports.settings().lease_duration_ms;
    job.attempt >= ATTEMPTS_MAX && job.lease.is_none_or(|lease| lease.expires_at_ms.plus_ms(grace_ms) <= now)
}

fn work(job: Job, lease: Lease, lease_duration_ms: u64) -> Result<Work, Error> {
    Ok(Work {
        object_prefix: job.object_prefix(lease.id),
        job_id: job.id,
        run: job.run,
        attempt: job.attempt,
        lease_id: lease.id,
        lease_duration_ms,
        source: job.source.ok_or_else(|| Error::Internal("a lease on a job without a source".into()))?,
        strategy: job.model.info().strategy,
        matting_model: job.options.matting_model,
        background: job.background,
        outputs: job.outputs,
        preset: job.options.preset,
        resolution: job.options.resolution,
        refine_edges: job.options.refine_edges,
        key: job.options.key,
        source_alpha: job.options.source_alpha,
        composition: job.options.composition,
        portrait: job.sound.map(|sound| Portrait { sound, shape: None }),
        request_id: job.request_id,
    })
}
