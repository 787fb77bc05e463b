//! `LeaseStore` over SQL.

use serde::Deserialize;
use shared::id::LedgerEntryId;
use shared::report::MachineFault;
use shared::task::Pool;
use shared::time::UnixMillis;

use super::Store;
use super::database::{Database, Statement, statement};
use super::row::{from_text, is_any, read_first, read_job, read_run_status, read_spending_limit, to_json, to_text};
use crate::app::ports::{Claimed, Corrected, Ended, Heartbeat, Held, LeaseStore, Probe, Returned};
use crate::domain::error::Error;
use crate::domain::failure::JobFailure;
use crate::domain::job::{ATTEMPTS_MAX, AttemptOutputs, GIVE_BACKS_MAX};
use crate::domain::run::{Lease, LeaseRef, RunRef};

/// The reserve of a run, to compare with its corrected value.
#[derive(Deserialize)]
struct ReserveRow {
    reserved_credits: u64,
}

/// A run that was ended. SQLite has no booleans.
#[derive(Deserialize)]
struct EndedRow {
    has_callback: u8,
}

/// A run that was given back.
#[derive(Deserialize)]
struct ReturnedRow {
    returns: u32,
    pool: String,
}

impl TryFrom<ReturnedRow> for Returned {
    type Error = Error;

    fn try_from(row: ReturnedRow) -> Result<Self, Error> {
        Ok(Self { returns: row.returns, pool: from_text("pool", &row.pool)? })
    }
}

impl<D: Database> LeaseStore for Store<D> {
    async fn claim_job(&self, run: RunRef, lease: Lease, now: UnixMillis) -> Result<Claimed, Error> {
        let (job_id, lease_id) = (run.job_id.to_string(), lease.id.to_string());
        let claim = statement!(claim_job, job_id.clone(), run.run, lease_id, lease.expires_at_ms, now, ATTEMPTS_MAX);
        let [claimed, job] = self.run([claim, statement!(find_job, job_id)]).await?;
        let job = read_job(&job)?;
        match job {
            Some(job) if is_any(&claimed)? => Ok(Claimed::Leased(job)),
            job => Ok(Claimed::Refused(job)),
        }
    }

    async fn record_progress(&self, lease: LeaseRef, beat: Heartbeat, now: UnixMillis) -> Result<Held, Error> {
        let (job_id, run, lease_id) = texts(lease);
        let record = statement!(
            record_progress,
            job_id,
            run,
            lease_id,
            beat.stage.as_str(),
            u32::from(beat.progress_percent),
            beat.lease_expires_at_ms,
            now
        );
        // Alone, since heartbeats are most of the fleet's calls; the status is read only where the
        // lease is lost.
        let [recorded] = self.run([record]).await?;
        if is_any(&recorded)? {
            return Ok(Held::Done);
        }
        let [status] = self.run([statement!(find_run_status, lease.run.job_id.to_string())]).await?;
        Ok(Held::NotHeld(read_run_status(&status)?))
    }

    async fn record_probe(&self, lease: LeaseRef, probe: &Probe<'_>, now: UnixMillis) -> Result<Corrected, Error> {
        let (job_id, run, lease_id) = texts(lease);
        let entry_id = probe.entry_id.to_string();
        let adjust = statement!(
            create_adjust_entry,
            entry_id.clone(),
            job_id.clone(),
            run,
            lease_id.clone(),
            probe.corrected_credits,
            now
        );
        let correct = statement!(correct_reserve, entry_id, job_id.clone(), probe.corrected_credits);
        let record = statement!(
            record_probe,
            job_id.clone(),
            run,
            lease_id,
            to_json(probe.facts)?,
            to_text(&probe.strategy)?,
            probe.lease_expires_at_ms,
            now,
            probe.resolution.as_str(),
            probe.choice.map(to_json).transpose()?,
        );
        let spending_limit = statement!(get_spending_limit_of_job, job_id.clone());
        let [_, _, recorded, spending_limit, status] =
            self.run([adjust, correct, record, spending_limit, statement!(find_run_status, job_id)]).await?;
        match read_first::<ReserveRow>(&recorded)? {
            Some(row) if row.reserved_credits == probe.corrected_credits => Ok(Corrected::Covered),
            Some(_) => {
                let spending_limit = read_spending_limit(&spending_limit)?;
                spending_limit.map(Corrected::NotCovered).ok_or_else(|| Error::Internal("a job without its key".into()))
            }
            None => Ok(Corrected::NotHeld(read_run_status(&status)?)),
        }
    }

    async fn complete_job(
        &self,
        lease: LeaseRef,
        made: &AttemptOutputs,
        entry_id: LedgerEntryId,
        now: UnixMillis,
    ) -> Result<Ended, Error> {
        let (job_id, run, lease_id) = texts(lease);
        let complete = statement!(
            complete_job,
            job_id.clone(),
            run,
            lease_id,
            to_text(&made.strategy)?,
            to_json(&made.assets)?,
            now,
            to_json(&made.previews)?,
            made.qa_report.as_ref().map(to_json).transpose()?,
        );
        let settle = statement!(create_settle_entry, entry_id.to_string(), job_id, run, now);
        self.run_end([complete, settle], lease.run).await
    }

    async fn fail_leased_job(
        &self,
        lease: LeaseRef,
        failure: &JobFailure,
        entry_id: LedgerEntryId,
        now: UnixMillis,
    ) -> Result<Ended, Error> {
        let (job_id, run, lease_id) = texts(lease);
        let (code, message) = (failure.code.as_str(), failure.message.as_str());
        let fail = statement!(fail_leased_job, job_id.clone(), run, lease_id, code, message, now);
        let refund = statement!(create_refund_entry, entry_id.to_string(), job_id, now);
        self.run_end([fail, refund], lease.run).await
    }

    async fn release_job(
        &self,
        lease: LeaseRef,
        to: Option<Pool>,
        task_due_at_ms: UnixMillis,
        now: UnixMillis,
    ) -> Result<Held, Error> {
        let ((job_id, run, lease_id), pool) = (texts(lease), to.map(Pool::as_str));
        let release = statement!(release_job, job_id.clone(), run, lease_id, task_due_at_ms, now, pool);
        let [released, status] = self.run([release, statement!(find_run_status, job_id)]).await?;
        if is_any(&released)? { Ok(Held::Done) } else { Ok(Held::NotHeld(read_run_status(&status)?)) }
    }

    async fn give_back_job(
        &self,
        lease: LeaseRef,
        fault: MachineFault,
        task_due_at_ms: UnixMillis,
        now: UnixMillis,
    ) -> Result<Option<Returned>, Error> {
        let (job_id, run, lease_id) = texts(lease);
        let counts = u32::from(fault.costs_attempt());
        let give_back =
            statement!(give_back_job, job_id, run, lease_id, task_due_at_ms, now, counts, ATTEMPTS_MAX, GIVE_BACKS_MAX);
        let [row] = self.run([give_back]).await?;
        read_first::<ReturnedRow>(&row)?.map(Returned::try_from).transpose()
    }
}

impl<D: Database> Store<D> {
    /// Runs statements of which the first ends a run, if it may.
    pub(super) async fn run_end(&self, [end, book]: [Statement; 2], run: RunRef) -> Result<Ended, Error> {
        let [ended, _, status] = self.run([end, book, statement!(find_run_status, run.job_id.to_string())]).await?;
        match read_first::<EndedRow>(&ended)? {
            Some(row) => Ok(Ended::Now { has_callback: row.has_callback != 0 }),
            None => Ok(Ended::NotHeld(read_run_status(&status)?)),
        }
    }
}

fn texts(lease: LeaseRef) -> (String, u32, String) {
    (lease.run.job_id.to_string(), lease.run.run, lease.lease_id.to_string())
}
