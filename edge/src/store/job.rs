//! `JobStore` over SQL.

use shared::id::{JobId, LedgerEntryId};
use shared::report::Source;
use shared::task::Pool;
use shared::time::UnixMillis;

use super::Store;
use super::database::{Database, Rows as _, Statement, statement};
use super::row::{
    AnyRow, ApiKeyRow, DeletedRow, DueTaskRow, EndedRow, JobRow, JobSumsRow, PurseRow, ReserveRow, RunRow, to_json, to_text,
};
use crate::app::ports::{
    Canceled, Claimed, Corrected, Created, Deleted, Ended, Heartbeat, Held, JobStore, JobSums, Page, Probe, Started,
};
use crate::domain::api_key::{ApiKey, KeyHash};
use crate::domain::error::{Error, JobFailure};
use crate::domain::generation::SENDING_MS_MAX;
use crate::domain::idempotency::IdempotencyKey;
use crate::domain::job::{ATTEMPTS_MAX, Job, JobState, Lease, LeaseRef, Made, NewJob, NewRun, RunRef, Start, TASK_DUE_AFTER_MS};
use crate::domain::purse::Purse;

/// The task of a job without a source is never due. The end of the year 9999.
const NEVER: UnixMillis = UnixMillis::new(253_402_300_799_999);

impl<D: Database> JobStore for Store<D> {
    async fn create_job(
        &self,
        job: &NewJob,
        entry_id: LedgerEntryId,
        idempotency: Option<&IdempotencyKey>,
    ) -> Result<Created, Error> {
        let (job_id, now) = (job.id.to_string(), job.created_at_ms);
        let (source, task_due_at_ms) = match &job.start {
            Start::Footage(source) => (Some(source), now.plus_ms(TASK_DUE_AFTER_MS)),
            Start::Order(_) => (None, NEVER),
        };
        let insert = statement!(
            create_job,
            job_id.clone(),
            job.account_id.to_string(),
            job.api_key_id.to_string(),
            job.dialect.as_str(),
            job.model.as_str(),
            to_text(&job.model.card().strategy)?,
            to_json(&source)?,
            to_json(&job.outputs)?,
            job.reserved_credits,
            task_due_at_ms,
            now,
            now.to_month(),
            job.metadata_json.as_deref(),
            job.callback.as_ref().map(|callback| callback.url.as_str()),
            job.callback.as_ref().and_then(|callback| callback.secret_box.as_deref()),
            to_json(&job.options)?,
            job.background.as_ref().map(to_json).transpose()?,
            job.words_json.as_deref(),
            job.request_id.as_deref(),
            job.sound.as_ref().map(to_json).transpose()?,
            job.model.card().strategy.pool().as_str(),
        );
        let reserve = statement!(create_reserve_entry, entry_id.to_string(), job_id.clone(), now);
        let purse = statement!(get_purse, job.api_key_id.to_string(), now.to_month());
        // Without a key, this statement finds none to bind.
        let key = idempotency.map_or("", |idempotency| idempotency.key.as_str());
        let bind = statement!(bind_idempotency_key, job.account_id.to_string(), key, job_id.clone());
        let mut statements = vec![insert, reserve, purse, bind];
        if let Start::Order(order) = &job.start {
            let (provider, deadline_at_ms) = (job.model.card().provider, now.plus_ms(SENDING_MS_MAX));
            statements.push(statement!(create_generation, job_id, provider, to_json(order)?, now, deadline_at_ms));
        }
        let rows = self.0.batch(statements).await?;
        let [created, _, purse, ..] = rows.as_slice() else {
            return Err(Error::Internal("a batch answered with another number of results".into()));
        };
        if let Some(job) = read_job(created)? {
            return Ok(Created::Job(job));
        }
        let purse = read_first::<PurseRow>(purse)?.map(Purse::from);
        purse.map(Created::Refused).ok_or_else(|| Error::Internal("a job was refused for want of its key".into()))
    }

    async fn create_draft(&self, job: &NewJob) -> Result<Job, Error> {
        let Start::Footage(source) = &job.start else { return Err(Error::Internal("a draft of an order".into())) };
        let insert = statement!(
            create_draft,
            job.id.to_string(),
            job.account_id.to_string(),
            job.api_key_id.to_string(),
            job.dialect.as_str(),
            job.model.as_str(),
            to_text(&job.model.card().strategy)?,
            to_json(source)?,
            to_json(&job.outputs)?,
            NEVER,
            job.created_at_ms,
            job.metadata_json.as_deref(),
            job.callback.as_ref().map(|callback| callback.url.as_str()),
            job.callback.as_ref().and_then(|callback| callback.secret_box.as_deref()),
            to_json(&job.options)?,
            job.words_json.as_deref(),
            job.request_id.as_deref(),
        );
        let [created] = self.run([insert]).await?;
        read_job(&created)?.map(|job| *job).ok_or_else(|| Error::Internal("a draft was not created".into()))
    }

    async fn start_job(&self, run: &NewRun, entry_id: LedgerEntryId, now: UnixMillis) -> Result<Started, Error> {
        let job_id = run.seen.job_id.to_string();
        let start = statement!(
            start_job,
            job_id.clone(),
            run.seen.run,
            run.model.as_str(),
            to_text(&run.model.card().strategy)?,
            to_json(&run.outputs)?,
            to_json(&run.options)?,
            run.reserved_credits,
            now.plus_ms(TASK_DUE_AFTER_MS),
            now,
            run.callback.as_ref().map(|callback| callback.url.as_str()),
            run.callback.as_ref().and_then(|callback| callback.secret_box.as_deref()),
            run.words_json.as_deref(),
            run.model.card().strategy.pool().as_str(),
        );
        let reserve = statement!(create_reserve_entry_of_start, entry_id.to_string(), job_id.clone(), now);
        let purse = statement!(get_purse, run.api_key_id.to_string(), run.month.as_str());
        let [started, _, purse, job] = self.run([start, reserve, purse, statement!(find_job, job_id)]).await?;
        if let Some(job) = read_job(&started)? {
            return Ok(Started::Job(job));
        }
        match (read_job(&job)?, read_first::<PurseRow>(&purse)?) {
            (Some(job), Some(purse)) if job.run == run.seen.run && job.is_startable() => Ok(Started::NotCovered(purse.into())),
            _ => Ok(Started::NotStartable),
        }
    }

    async fn sum_jobs(&self, key: &KeyHash, since: UnixMillis) -> Result<(Option<ApiKey>, JobSums), Error> {
        let lowest_id = JobId::from_parts(since, 0).to_string();
        let sum = statement!(sum_jobs_of_key, key.as_str(), lowest_id);
        let [key, sums] = self.run([statement!(find_api_key, key.as_str()), sum]).await?;
        let sums = read_first::<JobSumsRow>(&sums)?.map(JobSums::from).unwrap_or_default();
        Ok((read_first::<ApiKeyRow>(&key)?.map(ApiKey::from), sums))
    }

    async fn find_job_with_key(&self, key: &KeyHash, id: JobId) -> Result<(Option<ApiKey>, Option<Job>), Error> {
        let find_key = statement!(find_api_key, key.as_str());
        let find_job = statement!(find_job_of_key, key.as_str(), id.to_string());
        let [key, job] = self.run([find_key, find_job]).await?;
        Ok((read_first::<ApiKeyRow>(&key)?.map(ApiKey::from), read_job(&job)?.map(|job| *job)))
    }

    async fn find_job(&self, id: JobId) -> Result<Option<Job>, Error> {
        let [job] = self.run([statement!(find_job, id.to_string())]).await?;
        Ok(read_job(&job)?.map(|job| *job))
    }

    async fn find_shown_job(&self, id: JobId) -> Result<Option<Job>, Error> {
        let [job] = self.run([statement!(find_shown_job, id.to_string())]).await?;
        Ok(read_job(&job)?.map(|job| *job))
    }

    async fn list_jobs(&self, key: &KeyHash, page: &Page, states: &[JobState]) -> Result<(Option<ApiKey>, Vec<Job>), Error> {
        let (hash, cursor) = (key.as_str(), page.cursor.as_str());
        let state = |place: usize| states.get(place).map(|state| state.as_str());
        let list = match states.len() {
            0 => statement!(list_jobs_of_key, hash, cursor, page.limit, page.offset),
            1..=4 => {
                let [first, second, third, fourth] = [0, 1, 2, 3].map(state);
                statement!(list_jobs_of_key_in_states, hash, cursor, page.limit, page.offset, first, second, third, fourth)
            }
            _ => return Err(Error::Internal("a list of more than four states".into())),
        };
        let [key, jobs] = self.run([statement!(find_api_key, hash), list]).await?;
        let jobs = jobs.read::<JobRow>()?.into_iter().map(Job::try_from).collect::<Result<_, _>>()?;
        Ok((read_first::<ApiKeyRow>(&key)?.map(ApiKey::from), jobs))
    }

    async fn claim_job(&self, run: RunRef, lease: Lease, now: UnixMillis) -> Result<Claimed, Error> {
        let (job_id, lease_id) = (run.job_id.to_string(), lease.id.to_string());
        let claim = statement!(claim_job, job_id.clone(), run.run, lease_id, lease.expires_at_ms, now, ATTEMPTS_MAX);
        let [claimed, job] = self.run([claim, statement!(find_job, job_id)]).await?;
        match read_job(&claimed)? {
            Some(job) => Ok(Claimed::Leased(job)),
            None => Ok(Claimed::Refused(read_job(&job)?)),
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
        self.run_held(vec![record], lease).await
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
        let purse = statement!(get_purse_of_job, job_id.clone());
        let [_, _, recorded, purse, job] = self.run([adjust, correct, record, purse, statement!(find_job, job_id)]).await?;
        match read_first::<ReserveRow>(&recorded)? {
            Some(row) if row.reserved_credits == probe.corrected_credits => Ok(Corrected::Covered),
            Some(_) => {
                let purse = read_first::<PurseRow>(&purse)?.map(Purse::from);
                purse.map(Corrected::NotCovered).ok_or_else(|| Error::Internal("a job without its key".into()))
            }
            None => Ok(Corrected::NotHeld(read_job(&job)?)),
        }
    }

    async fn complete_job(&self, lease: LeaseRef, made: &Made, entry_id: LedgerEntryId, now: UnixMillis) -> Result<Ended, Error> {
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
        let refund = statement!(create_refund_entry, entry_id.to_string(), job_id, run, now);
        self.run_end([fail, refund], lease.run).await
    }

    async fn fail_unleased_job(
        &self,
        run: RunRef,
        failure: &JobFailure,
        entry_id: LedgerEntryId,
        now: UnixMillis,
    ) -> Result<Ended, Error> {
        let (job_id, code, message) = (run.job_id.to_string(), failure.code.as_str(), failure.message.as_str());
        let fail = statement!(fail_unleased_job, job_id.clone(), run.run, code, message, now);
        let refund = statement!(create_refund_entry, entry_id.to_string(), job_id, run.run, now);
        self.run_end([fail, refund], run).await
    }

    async fn release_job(
        &self,
        lease: LeaseRef,
        to: Option<Pool>,
        task_due_at_ms: UnixMillis,
        now: UnixMillis,
    ) -> Result<Held, Error> {
        let ((job_id, run, lease_id), pool) = (texts(lease), to.map(Pool::as_str));
        self.run_held(vec![statement!(release_job, job_id, run, lease_id, task_due_at_ms, now, pool)], lease).await
    }

    async fn cancel_job(
        &self,
        key: &KeyHash,
        id: JobId,
        entry_id: LedgerEntryId,
        now: UnixMillis,
    ) -> Result<(Option<ApiKey>, Canceled), Error> {
        let (hash, job_id) = (key.as_str(), id.to_string());
        let cancel = statement!(cancel_job, job_id.clone(), hash, now);
        let refund = statement!(create_refund_entry_of_canceled_job, entry_id.to_string(), job_id.clone(), now);
        let find_job = statement!(find_job_of_key, hash, job_id);
        let [key, canceled, _, job] = self.run([statement!(find_api_key, hash), cancel, refund, find_job]).await?;
        let canceled = match read_first::<DeletedRow>(&canceled)? {
            Some(DeletedRow { run, has_callback }) => {
                Canceled::Now { run: RunRef { job_id: id, run }, has_callback: has_callback != 0 }
            }
            None if is_any(&job)? => Canceled::NotCancelable,
            None => Canceled::Never,
        };
        Ok((read_first::<ApiKeyRow>(&key)?.map(ApiKey::from), canceled))
    }

    async fn delete_job(
        &self,
        key: &KeyHash,
        id: JobId,
        entry_id: LedgerEntryId,
        now: UnixMillis,
    ) -> Result<(Option<ApiKey>, Deleted), Error> {
        let job_id = id.to_string();
        let find_key = statement!(find_api_key, key.as_str());
        let delete = statement!(delete_job, job_id.clone(), key.as_str(), now);
        let refund = statement!(create_refund_entry_of_canceled_job, entry_id.to_string(), job_id.clone(), now);
        let find_any = statement!(find_any_job_of_key, key.as_str(), job_id);
        let [key, deleted, _, any] = self.run([find_key, delete, refund, find_any]).await?;
        let deleted = match read_first::<DeletedRow>(&deleted)? {
            Some(DeletedRow { run, has_callback }) => {
                Deleted::Now { run: RunRef { job_id: id, run }, has_callback: has_callback != 0 }
            }
            None if is_any(&any)? => Deleted::Before,
            None => Deleted::Never,
        };
        Ok((read_first::<ApiKeyRow>(&key)?.map(ApiKey::from), deleted))
    }

    async fn requeue_expired_leases(&self, now: UnixMillis, limit: u32) -> Result<usize, Error> {
        let [requeued] = self.run([statement!(requeue_expired_leases, now, ATTEMPTS_MAX, limit)]).await?;
        Ok(requeued.read::<AnyRow>()?.len())
    }

    async fn list_exhausted_jobs(&self, now: UnixMillis, limit: u32) -> Result<Vec<RunRef>, Error> {
        let [rows] = self.run([statement!(list_exhausted_jobs, now, ATTEMPTS_MAX, limit)]).await?;
        read_runs(&rows)
    }

    async fn list_jobs_queued_before(&self, queued_at_ms: UnixMillis, limit: u32) -> Result<Vec<RunRef>, Error> {
        let [rows] = self.run([statement!(list_jobs_queued_before, queued_at_ms, limit)]).await?;
        read_runs(&rows)
    }

    async fn take_due_tasks(&self, now: UnixMillis, limit: u32) -> Result<Vec<(Pool, RunRef)>, Error> {
        let [rows] = self.run([statement!(take_due_tasks, now, TASK_DUE_AFTER_MS, limit)]).await?;
        rows.read::<DueTaskRow>()?.into_iter().map(<(Pool, RunRef)>::try_from).collect()
    }

    async fn list_jobs_to_empty(
        &self,
        deleted_before: UnixMillis,
        ended_before: UnixMillis,
        limit: u32,
    ) -> Result<Vec<Job>, Error> {
        let deleted = statement!(list_deleted_jobs_to_empty, deleted_before, limit);
        let [deleted, old] = self.run([deleted, statement!(list_old_jobs_to_empty, ended_before, limit)]).await?;
        // One that is both is emptied twice, which harms nobody.
        [deleted.read::<JobRow>()?, old.read::<JobRow>()?].into_iter().flatten().map(Job::try_from).collect()
    }

    async fn is_source_in_use(&self, id: JobId, source: &Source) -> Result<bool, Error> {
        let [other] = self.run([statement!(find_other_job_of_source, id.to_string(), to_json(source)?)]).await?;
        is_any(&other)
    }

    async fn mark_job_emptied(&self, id: JobId, now: UnixMillis) -> Result<(), Error> {
        self.run([statement!(mark_job_emptied, id.to_string(), now)]).await.map(|[_]| ())
    }

    async fn hasten_task(&self, run: RunRef, now: UnixMillis) -> Result<(), Error> {
        let [_] = self.run([statement!(hasten_task, run.job_id.to_string(), run.run, now)]).await?;
        Ok(())
    }
}

impl<D: Database> Store<D> {
    /// Runs a batch of known length.
    pub(super) async fn run<const N: usize>(&self, statements: [Statement; N]) -> Result<[D::Rows; N], Error> {
        let rows = self.0.batch(statements.into()).await?;
        rows.try_into().map_err(|_| Error::Internal("a batch answered with another number of results".into()))
    }

    /// Runs statements of which the first ends a run, if it may.
    pub(super) async fn run_end(&self, [end, book]: [Statement; 2], run: RunRef) -> Result<Ended, Error> {
        let [ended, _, job] = self.run([end, book, statement!(find_job, run.job_id.to_string())]).await?;
        match read_first::<EndedRow>(&ended)? {
            Some(row) => Ok(Ended::Now { has_callback: row.has_callback != 0 }),
            None => Ok(Ended::NotHeld(read_job(&job)?)),
        }
    }

    /// Runs statements of which the first returns a row only under the lease; otherwise says how the job is.
    async fn run_held(&self, mut statements: Vec<Statement>, lease: LeaseRef) -> Result<Held, Error> {
        statements.push(statement!(find_job, lease.run.job_id.to_string()));
        let rows = self.0.batch(statements).await?;
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
            return Err(Error::Internal("a batch answered nothing".into()));
        };
        if is_any(first)? { Ok(Held::Done) } else { Ok(Held::NotHeld(read_job(last)?)) }
    }
}

fn texts(lease: LeaseRef) -> (String, u32, String) {
    (lease.run.job_id.to_string(), lease.run.run, lease.lease_id.to_string())
}

pub(super) fn is_any(rows: &impl super::database::Rows) -> Result<bool, Error> {
    Ok(read_first::<AnyRow>(rows)?.is_some())
}

pub(super) fn read_first<T: serde::de::DeserializeOwned>(rows: &impl super::database::Rows) -> Result<Option<T>, Error> {
    Ok(rows.read::<T>()?.into_iter().next())
}

pub(super) fn read_job(rows: &impl super::database::Rows) -> Result<Option<Box<Job>>, Error> {
    read_first::<JobRow>(rows)?.map(|row| row.try_into().map(Box::new)).transpose()
}

pub(super) fn read_runs(rows: &impl super::database::Rows) -> Result<Vec<RunRef>, Error> {
    Ok(rows.read::<RunRow>()?.into_iter().map(RunRef::from).collect())
}
