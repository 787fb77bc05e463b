//! Applies a transcoder's report about its attempt. Reports may be repeated, late, or from a lease
//! that has ended.

use std::ops::ControlFlow;

use shared::code::JobErrorCode;
use shared::media::MediaFacts;
use shared::price::{self, Tariff};
use shared::report::{Report, ReportAnswer, ReportEvent, StopReason};
use shared::strategy::{Strategy, StrategyChoice};
use shared::task::Pool;
use shared::time::UnixMillis;

use crate::app::give_back_task::give_back_task;
use crate::app::ports::{Corrected, Ended, Heartbeat, Held, JobStore as _, LeaseStore as _, Ports, Probe, RunStatus};
use crate::app::queue_delivery::queue_delivery;
use crate::app::queue_task::queue_task;
use crate::domain::error::Error;
use crate::domain::failure::JobFailure;
use crate::domain::job::{AttemptOutputs, Job, JobState, LEASE_AGE_MS_MAX, TASK_DUE_AFTER_MS};
use crate::domain::run::{LeaseRef, RunRef};
use crate::domain::spending_limit::SpendingLimit;
use crate::domain::webhook::EventId;

/// Applies a report. The answer tells the transcoder to continue or to stop.
pub async fn apply_report(ports: &impl Ports, report: Report) -> Result<ReportAnswer, Error> {
    let Report::ReportV1 { job_id, run, lease_id, event } = report;
    let lease = LeaseRef { run: RunRef { job_id, run }, lease_id };
    let now = ports.now();
    let expires_at_ms = now.plus_ms(ports.settings().lease_duration_ms);
    let accepted = ReportAnswer::Accepted { lease_expires_at_ms: expires_at_ms };
    let entry_id = ports.new_ledger_entry_id();
    let held = match event {
        ReportEvent::Progress { .. } | ReportEvent::Probed { .. } if is_too_old(lease, now) => {
            return Ok(ReportAnswer::Stop { reason: StopReason::LeaseLost });
        }
        ReportEvent::Progress { stage, progress_percent } => {
            // Only success sets 100.
            let beat = Heartbeat { stage, progress_percent: progress_percent.min(99), lease_expires_at_ms: expires_at_ms };
            ports.store().record_progress(lease, beat, now).await?
        }
        ReportEvent::Probed { facts, strategy, choice } => {
            match apply_probe(ports, lease, &facts, strategy, choice.as_deref(), now).await? {
                ControlFlow::Continue(held) => held,
                ControlFlow::Break(reason) => return Ok(ReportAnswer::Stop { reason }),
            }
        }
        ReportEvent::Complete { strategy, assets, previews, qa_report } => {
            let made = AttemptOutputs { strategy, assets, previews, qa_report };
            let job = ports.store().find_job(job_id).await?;
            // A report of an older run changes nothing below, so its outputs need no check.
            if let Some(job) = job.as_ref().filter(|job| job.run == run) {
                check_made(job, lease, &made)?;
            }
            match end(ports, lease, ports.store().complete_job(lease, &made, entry_id, now).await?).await {
                Held::NotHeld(Some(status)) if is_repeat(status, lease, JobState::Success) => Held::Done,
                held => held,
            }
        }
        ReportEvent::Fail { code, message } => {
            let failure = JobFailure { code, message };
            match end(ports, lease, ports.store().fail_leased_job(lease, &failure, entry_id, now).await?).await {
                Held::NotHeld(Some(status)) if is_repeat(status, lease, JobState::Failed) => Held::Done,
                held => held,
            }
        }
        ReportEvent::Release => ports.store().release_job(lease, None, now.plus_ms(TASK_DUE_AFTER_MS), now).await?,
        ReportEvent::GiveBack { fault } => match give_back_task(ports, lease, fault, now).await? {
            None => Held::Done,
            Some(failure) => end(ports, lease, ports.store().fail_leased_job(lease, &failure, entry_id, now).await?).await,
        },
        ReportEvent::Transfer => transfer(ports, lease, now).await?,
    };
    Ok(match held {
        Held::Done => accepted,
        Held::NotHeld(status) => ReportAnswer::Stop { reason: stop_reason(status, lease) },
    })
}

/// Records what a transcoder found in the source, and corrects the reserve; breaks with the reason
/// why the work must stop.
async fn apply_probe(
    ports: &impl Ports,
    lease: LeaseRef,
    facts: &MediaFacts,
    strategy: Strategy,
    choice: Option<&StrategyChoice>,
    now: UnixMillis,
) -> Result<ControlFlow<StopReason, Held>, Error> {
    let entry_id = ports.new_ledger_entry_id();
    let Some(job) = ports.store().find_job(lease.run.job_id).await? else {
        return Ok(ControlFlow::Break(StopReason::Over));
    };
    if let Some(failure) = too_long(&job, facts.duration_ms) {
        let ended = ports.store().fail_leased_job(lease, &failure, entry_id, now).await?;
        return Ok(match end(ports, lease, ended).await {
            Held::Done => ControlFlow::Break(StopReason::Over),
            held @ Held::NotHeld(_) => ControlFlow::Continue(held),
        });
    }
    let resolution = job.options.paid_resolution(facts.size);
    let corrected_credits = match job.model.info().tariff {
        // The price is that of the request, whatever the provider made of it.
        Tariff::Generation => job.reserved_credits,
        // By the length of its sound, known only now.
        tariff @ Tariff::Avatar => price::price_credits(tariff, facts.duration_ms, resolution, job.outputs.len()),
        Tariff::Conversion | Tariff::Keying => {
            price::price_credits(strategy.into(), facts.duration_ms, resolution, job.outputs.len())
        }
    };
    let probe = Probe {
        facts,
        strategy,
        choice,
        resolution,
        corrected_credits,
        entry_id,
        lease_expires_at_ms: now.plus_ms(ports.settings().lease_duration_ms),
    };
    let held = match ports.store().record_probe(lease, &probe, now).await? {
        Corrected::Covered => Held::Done,
        Corrected::NotHeld(status) => Held::NotHeld(status),
        Corrected::NotCovered(spending_limit) => {
            let failure = insufficient_credits(spending_limit, corrected_credits);
            match end(ports, lease, ports.store().fail_leased_job(lease, &failure, entry_id, now).await?).await {
                Held::Done => return Ok(ControlFlow::Break(StopReason::Over)),
                held @ Held::NotHeld(_) => held,
            }
        }
    };
    Ok(ControlFlow::Continue(held))
}

/// Moves a run to the heavy queue.
async fn transfer(ports: &impl Ports, lease: LeaseRef, now: UnixMillis) -> Result<Held, Error> {
    let held = ports.store().release_job(lease, Some(Pool::Heavy), now.plus_ms(TASK_DUE_AFTER_MS), now).await?;
    if matches!(held, Held::Done) {
        queue_task(ports, Pool::Heavy, lease.run).await;
    }
    Ok(held)
}

/// Returns true for a lease older than `LEASE_AGE_MS_MAX`. It is not extended further, and the
/// sweep requeues the run.
fn is_too_old(lease: LeaseRef, now: UnixMillis) -> bool {
    now > lease.lease_id.created_at().plus_ms(LEASE_AGE_MS_MAX)
}

/// The outputs must be those requested, at object keys under the lease's own prefix, since we sign
/// URLs for them.
fn check_made(job: &Job, lease: LeaseRef, made: &AttemptOutputs) -> Result<(), Error> {
    let prefix = job.object_prefix(lease.lease_id);
    let previews = made.previews.iter().all(|preview| preview.object_key == format!("{prefix}{}", preview.kind.file_name()));
    let made = made.assets.iter().map(|asset| (asset.output, asset.object_key.clone()));
    let ordered = job.outputs.iter().map(|output| (*output, format!("{prefix}{}", output.file_name())));
    if previews && made.eq(ordered) {
        return Ok(());
    }
    Err(Error::invalid("assets", "Must be the outputs ordered, under the lease's prefix."))
}

fn too_long(job: &Job, duration_ms: u64) -> Option<JobFailure> {
    let duration_ms_max = job.options.source_duration_ms_max.filter(|duration_ms_max| duration_ms > *duration_ms_max)?;
    let message = format!("The source is longer than the {} s that this format takes.", duration_ms_max / 1_000);
    Some(JobFailure { code: JobErrorCode::SourceTooLarge, message })
}

fn insufficient_credits(spending_limit: SpendingLimit, required_credits: u64) -> JobFailure {
    if let Some(quota) = spending_limit.quota.filter(|quota| quota.remaining_credits() < required_credits) {
        let message = format!(
            "This source costs {required_credits} credits; {} of the key's monthly quota are left for it.",
            quota.remaining_credits()
        );
        return JobFailure { code: JobErrorCode::QuotaExceeded, message };
    }
    JobFailure {
        code: JobErrorCode::InsufficientCredits,
        message: format!(
            "This source costs {required_credits} credits; the balance, the reserve included, is {}.",
            spending_limit.balance_credits
        ),
    }
}

/// Queues the event of a run that this report ended.
async fn end(ports: &impl Ports, lease: LeaseRef, ended: Ended) -> Held {
    match ended {
        Ended::Now { has_callback } => {
            if has_callback {
                queue_delivery(ports, EventId::end(lease.run)).await;
            }
            Held::Done
        }
        Ended::NotHeld(status) => Held::NotHeld(status),
    }
}

/// Returns true if an earlier report under this lease has ended the run so.
fn is_repeat(status: RunStatus, lease: LeaseRef, state: JobState) -> bool {
    status == RunStatus { run: lease.run.run, state, lease_id: Some(lease.lease_id) }
}

fn stop_reason(status: Option<RunStatus>, lease: LeaseRef) -> StopReason {
    match status {
        Some(status) if status.run == lease.run.run => match status.state {
            JobState::Canceled => StopReason::Canceled,
            JobState::Success | JobState::Failed => StopReason::Over,
            JobState::Created | JobState::Queued | JobState::Submitted | JobState::Processing | JobState::Transcoding => {
                StopReason::LeaseLost
            }
        },
        _ => StopReason::Over,
    }
}
