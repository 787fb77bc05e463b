//! `GenerationStore` over SQL.

use serde::Deserialize;
use shared::id::{JobId, LedgerEntryId};
use shared::time::UnixMillis;

use super::Store;
use super::database::{Database, Rows, statement};
use super::row::{from_json, is_any, read_first, read_job, read_runs, unreadable};
use crate::app::ports::{Ended, GenerationStore, SendingRate};
use crate::domain::error::Error;
use crate::domain::failure::JobFailure;
use crate::domain::generation::{Generation, GenerationState};
use crate::domain::job::{Job, JobState, TASK_DUE_AFTER_MS};
use crate::domain::run::RunRef;

/// A row of `generations`.
#[derive(Deserialize)]
struct GenerationRow {
    job_id: JobId,
    run: u32,
    provider: String,
    request_json: String,
    state: String,
    task_id: Option<String>,
    tries: u32,
    sent_at_ms: Option<UnixMillis>,
    due_at_ms: UnixMillis,
    deadline_at_ms: UnixMillis,
}

impl TryFrom<GenerationRow> for Generation {
    type Error = Error;

    fn try_from(row: GenerationRow) -> Result<Self, Error> {
        Ok(Self {
            run: RunRef { job_id: row.job_id, run: row.run },
            provider: row.provider,
            request: from_json("request_json", &row.request_json)?,
            state: GenerationState::find(&row.state).ok_or_else(|| unreadable("state", &row.state))?,
            task_id: row.task_id,
            tries: row.tries,
            sent_at_ms: row.sent_at_ms,
            due_at_ms: row.due_at_ms,
            deadline_at_ms: row.deadline_at_ms,
        })
    }
}

impl<D: Database> GenerationStore for Store<D> {
    async fn find_generation(&self, run: RunRef) -> Result<Option<(Generation, Job)>, Error> {
        let job_id = run.job_id.to_string();
        let find = statement!(find_generation, job_id.clone(), run.run);
        let [generation, job] = self.run([find, statement!(find_job, job_id)]).await?;
        Ok(read(&generation)?.zip(read_job(&job)?.map(|job| *job)))
    }

    async fn find_generation_of_task(&self, provider: &str, task_id: &str) -> Result<Option<Generation>, Error> {
        let [generation] = self.run([statement!(find_generation_of_task, provider, task_id)]).await?;
        read(&generation)
    }

    async fn claim_generation_to_send(
        &self,
        run: RunRef,
        rate: SendingRate,
        deadline_at_ms: UnixMillis,
        now: UnixMillis,
    ) -> Result<Option<u32>, Error> {
        let since = now.minus_ms(rate.window_ms);
        let job_id = run.job_id.to_string();
        let take = statement!(claim_generation_to_send, job_id, run.run, now, since, rate.count_max, deadline_at_ms);
        let [taken] = self.run([take]).await?;
        Ok(read(&taken)?.map(|generation| generation.tries))
    }

    async fn claim_generation_to_poll(&self, run: RunRef, due_at_ms: UnixMillis, now: UnixMillis) -> Result<bool, Error> {
        let take = statement!(claim_generation_to_poll, run.job_id.to_string(), run.run, now, due_at_ms);
        let [taken] = self.run([take]).await?;
        is_any(&taken)
    }

    async fn requeue_generation(
        &self,
        generation: &Generation,
        due_at_ms: UnixMillis,
        deadline_at_ms: UnixMillis,
    ) -> Result<(), Error> {
        let run = generation.run;
        let give_back = statement!(requeue_generation, run.job_id.to_string(), run.run, due_at_ms, deadline_at_ms);
        let hold = statement!(pause_provider, generation.provider.as_str(), due_at_ms);
        self.run([give_back, hold]).await.map(|[_, _]| ())
    }

    async fn record_provider_task(
        &self,
        run: RunRef,
        task_id: &str,
        due_at_ms: UnixMillis,
        deadline_at_ms: UnixMillis,
        now: UnixMillis,
    ) -> Result<bool, Error> {
        let job_id = run.job_id.to_string();
        let bind = statement!(record_provider_task, job_id.clone(), run.run, task_id, due_at_ms, deadline_at_ms);
        let submitted = JobState::Submitted.as_str();
        let [bound, _] = self.run([bind, statement!(record_generation_state, job_id, run.run, submitted, now)]).await?;
        is_any(&bound)
    }

    async fn make_generation_due(&self, run: RunRef, now: UnixMillis) -> Result<(), Error> {
        self.run([statement!(make_generation_due, run.job_id.to_string(), run.run, now)]).await.map(|[_]| ())
    }

    async fn record_processing(&self, run: RunRef, now: UnixMillis) -> Result<(), Error> {
        let processing = JobState::Processing.as_str();
        self.run([statement!(record_generation_state, run.job_id.to_string(), run.run, processing, now)]).await.map(|[_]| ())
    }

    async fn record_generated_video(&self, run: RunRef, url: &str, now: UnixMillis) -> Result<bool, Error> {
        let (job_id, task_due_at_ms) = (run.job_id.to_string(), now.plus_ms(TASK_DUE_AFTER_MS));
        let create_source = statement!(create_generated_source, job_id.clone(), run.run, url);
        let record = statement!(record_generated_video, job_id.clone(), run.run, task_due_at_ms, now);
        let [_, recorded, _] = self.run([create_source, record, statement!(end_generation, job_id, run.run)]).await?;
        is_any(&recorded)
    }

    async fn fail_generating_job(
        &self,
        run: RunRef,
        failure: &JobFailure,
        entry_id: LedgerEntryId,
        now: UnixMillis,
    ) -> Result<Ended, Error> {
        let (job_id, code, message) = (run.job_id.to_string(), failure.code.as_str(), failure.message.as_str());
        let fail = statement!(fail_generating_job, job_id.clone(), run.run, code, message, now);
        let refund = statement!(create_refund_entry, entry_id.to_string(), job_id, now);
        self.run_end([fail, refund], run).await
    }

    async fn list_due_generations(&self, due_before_ms: UnixMillis, limit: u32) -> Result<Vec<RunRef>, Error> {
        let [rows] = self.run([statement!(list_due_generations, due_before_ms, limit)]).await?;
        read_runs(&rows)
    }
}

fn read(rows: &impl Rows) -> Result<Option<Generation>, Error> {
    read_first::<GenerationRow>(rows)?.map(Generation::try_from).transpose()
}
