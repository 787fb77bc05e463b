//! `JobStore` over SQL.

use serde::Deserialize;
use shared::id::{JobId, LedgerEntryId};
use shared::time::UnixMillis;

use super::Store;
use super::database::{Database, Rows, Statement, statement};
use super::row::{
    FileRole, JobRow, files_json, is_any, new_job_files_json, options_json, read_first, read_job, read_key, read_spending_limit,
    to_json, to_text,
};
use crate::app::ports::{Canceled, Created, Deleted, JobStore, JobSums, Page, Started};
use crate::domain::api_key::{ApiKey, KeyHash};
use crate::domain::error::Error;
use crate::domain::generation::SENDING_MS_MAX;
use crate::domain::idempotency::IdempotencyKey;
use crate::domain::job::{Job, JobState, NewJob, NewRun, Start, TASK_DUE_AFTER_MS};
use crate::domain::run::RunRef;

/// The task of a job without a source is never due. The end of the year 9999.
const NEVER: UnixMillis = UnixMillis::new(253_402_300_799_999);

/// Sums over jobs.
#[derive(Deserialize)]
struct JobSumsRow {
    total: u64,
    completed: u64,
    failed: u64,
    credits: u64,
}

impl From<JobSumsRow> for JobSums {
    fn from(row: JobSumsRow) -> Self {
        let JobSumsRow { total, completed, failed, credits } = row;
        Self { total, completed, failed, credits }
    }
}

/// A job that was hidden or canceled.
#[derive(Deserialize)]
struct DeletedRow {
    run: u32,
    has_callback: u8,
}

/// Inserts a job whose current run is this one; 0 makes a draft.
fn insert_statement(job: &NewJob, files_json: &str, run: u32, task_due_at_ms: UnixMillis) -> Result<Statement, Error> {
    let now = job.created_at_ms;
    Ok(statement!(
        create_job,
        job.id.to_string(),
        job.account_id.to_string(),
        job.api_key_id.to_string(),
        job.policy.name,
        job.model.as_str(),
        to_text(&job.model.info().strategy)?,
        u32::from(matches!(job.start, Start::Generation(_))),
        to_json(&job.outputs)?,
        job.reserved_credits,
        task_due_at_ms,
        now,
        now.to_month(),
        job.metadata_json.as_deref(),
        job.callback.as_ref().map(|callback| callback.url.as_str()),
        job.callback.as_ref().and_then(|callback| callback.secret_box.as_deref()),
        options_json(&job.options)?,
        job.dialect_request_json.as_deref(),
        job.request_id.as_deref(),
        job.model.info().strategy.pool().as_str(),
        u32::from(job.policy.notifies_start),
        u32::from(job.policy.notifies_cancellation),
        u32::from(job.policy.is_only_active_job),
        run,
        files_json,
    ))
}

/// Records the job that a request created. Without an idempotency key, the statement finds none to
/// bind.
fn bind_statement(job: &NewJob, idempotency: Option<&IdempotencyKey>) -> Statement {
    let key = idempotency.map_or("", |idempotency| idempotency.key.as_str());
    statement!(bind_idempotency_key, job.account_id.to_string(), key, job.id.to_string())
}

/// The outcome of the batch that inserts a job.
fn read_created(created: &impl Rows, spending_limit: &impl Rows, job: &impl Rows) -> Result<Created, Error> {
    if is_any(created)? {
        let job = read_job(job)?.ok_or_else(|| Error::Internal("a created job was not found".into()))?;
        return Ok(Created::Job(job));
    }
    let spending_limit = read_spending_limit(spending_limit)?;
    spending_limit.map(Created::Refused).ok_or_else(|| Error::Internal("a job was refused for want of its key".into()))
}

impl<D: Database> JobStore for Store<D> {
    async fn create_job(
        &self,
        job: &NewJob,
        entry_id: LedgerEntryId,
        idempotency: Option<&IdempotencyKey>,
    ) -> Result<Created, Error> {
        let (job_id, now) = (job.id.to_string(), job.created_at_ms);
        let (source, generation, task_due_at_ms) = match &job.start {
            Start::Source(source) => (Some(source), None, now.plus_ms(TASK_DUE_AFTER_MS)),
            Start::Generation(request) => (None, Some(request), NEVER),
        };
        let files_json = new_job_files_json(job, source)?;
        let insert = insert_statement(job, &files_json, 1, task_due_at_ms)?;
        let files = statement!(create_job_files, job_id.clone(), files_json);
        let reserve = statement!(create_reserve_entry, entry_id.to_string(), job_id.clone(), now);
        let spending_limit = statement!(get_spending_limit, job.api_key_id.to_string(), now.to_month());
        let find_job = statement!(find_job, job_id.clone());
        let mut statements = vec![insert, files, reserve, spending_limit, bind_statement(job, idempotency), find_job];
        if let Some(request) = generation {
            let (provider, deadline_at_ms) = (job.model.info().provider, now.plus_ms(SENDING_MS_MAX));
            statements.push(statement!(create_generation, job_id, provider, to_json(request)?, now, deadline_at_ms));
        }
        let rows = self.0.batch(statements).await?;
        let [created, _, _, spending_limit, _, job, ..] = rows.as_slice() else {
            return Err(Error::Internal("a batch answered with another number of results".into()));
        };
        read_created(created, spending_limit, job)
    }

    async fn create_draft(&self, job: &NewJob, idempotency: Option<&IdempotencyKey>) -> Result<Created, Error> {
        let Start::Source(source) = &job.start else { return Err(Error::Internal("a draft of a generation".into())) };
        let job_id = job.id.to_string();
        let files_json = new_job_files_json(job, Some(source))?;
        let insert = insert_statement(job, &files_json, 0, NEVER)?;
        let files = statement!(create_job_files, job_id.clone(), files_json);
        let spending_limit = statement!(get_spending_limit, job.api_key_id.to_string(), job.created_at_ms.to_month());
        let statements = [insert, files, spending_limit, bind_statement(job, idempotency), statement!(find_job, job_id)];
        let [created, _, spending_limit, _, job] = self.run(statements).await?;
        read_created(&created, &spending_limit, &job)
    }

    async fn start_job(&self, run: &NewRun, entry_id: LedgerEntryId, now: UnixMillis) -> Result<Started, Error> {
        let job_id = run.seen.job_id.to_string();
        let backdrop = files_json([(FileRole::Backdrop, run.options.composition.picture.as_ref())])?;
        let start = statement!(
            start_job,
            job_id.clone(),
            run.seen.run,
            run.model.as_str(),
            to_text(&run.model.info().strategy)?,
            to_json(&run.outputs)?,
            options_json(&run.options)?,
            run.reserved_credits,
            now.plus_ms(TASK_DUE_AFTER_MS),
            now,
            run.callback.as_ref().map(|callback| callback.url.as_str()),
            run.callback.as_ref().and_then(|callback| callback.secret_box.as_deref()),
            run.dialect_request_json.as_deref(),
            run.model.info().strategy.pool().as_str(),
            run.month.as_str(),
            run.api_key_id.to_string(),
            backdrop.as_str(),
        );
        let files = statement!(create_job_files_of_start, job_id.clone(), now, backdrop);
        let reserve = statement!(create_reserve_entry, entry_id.to_string(), job_id.clone(), now);
        let spending_limit = statement!(get_spending_limit, run.api_key_id.to_string(), run.month.as_str());
        let [started, _, _, spending_limit, job] =
            self.run([start, files, reserve, spending_limit, statement!(find_job, job_id)]).await?;
        let started = is_any(&started)?;
        match (read_job(&job)?, read_spending_limit(&spending_limit)?) {
            (Some(job), _) if started => Ok(Started::Job(job)),
            (Some(job), Some(spending_limit)) if job.run == run.seen.run && job.is_startable() => {
                Ok(Started::Refused(spending_limit))
            }
            _ => Ok(Started::NotStartable),
        }
    }

    async fn sum_jobs(&self, key: &KeyHash, since: UnixMillis) -> Result<(Option<ApiKey>, JobSums), Error> {
        let lowest_id = JobId::from_parts(since, 0).to_string();
        let sum = statement!(sum_jobs_of_key, key.as_str(), lowest_id);
        let [key, sums] = self.run([statement!(find_api_key, key.as_str()), sum]).await?;
        let sums = read_first::<JobSumsRow>(&sums)?.map(JobSums::from).unwrap_or_default();
        Ok((read_key(&key)?, sums))
    }

    async fn find_job_with_key(&self, key: &KeyHash, id: JobId) -> Result<(Option<ApiKey>, Option<Job>), Error> {
        let find_key = statement!(find_api_key, key.as_str());
        let find_job = statement!(find_job_of_key, key.as_str(), id.to_string());
        let [key, job] = self.run([find_key, find_job]).await?;
        Ok((read_key(&key)?, read_job(&job)?.map(|job| *job)))
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
        Ok((read_key(&key)?, jobs))
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
        let refund = statement!(create_refund_entry, entry_id.to_string(), job_id.clone(), now);
        let find_job = statement!(find_job_of_key, hash, job_id);
        let [key, canceled, _, job] = self.run([statement!(find_api_key, hash), cancel, refund, find_job]).await?;
        let canceled = match read_first::<DeletedRow>(&canceled)? {
            Some(DeletedRow { run, has_callback }) => {
                Canceled::Now { run: RunRef { job_id: id, run }, has_callback: has_callback != 0 }
            }
            None if is_any(&job)? => Canceled::NotCancelable,
            None => Canceled::Never,
        };
        Ok((read_key(&key)?, canceled))
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
        let refund = statement!(create_refund_entry, entry_id.to_string(), job_id.clone(), now);
        let find_any = statement!(find_any_job_of_key, key.as_str(), job_id);
        let [key, deleted, _, any] = self.run([find_key, delete, refund, find_any]).await?;
        let deleted = match read_first::<DeletedRow>(&deleted)? {
            Some(DeletedRow { run, has_callback }) => {
                Deleted::Now { run: RunRef { job_id: id, run }, has_callback: has_callback != 0 }
            }
            None if is_any(&any)? => Deleted::Before,
            None => Deleted::Never,
        };
        Ok((read_key(&key)?, deleted))
    }
}
