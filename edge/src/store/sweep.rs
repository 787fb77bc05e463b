//! `SweepStore` over SQL.

use serde::Deserialize;
use shared::id::{JobId, LedgerEntryId};
use shared::task::Pool;
use shared::time::UnixMillis;

use super::Store;
use super::database::{Database, Rows as _, statement};
use super::row::{AnyRow, JobRow, RunRow, from_text, read_runs};
use crate::app::ports::{Ended, SweepStore};
use crate::domain::error::Error;
use crate::domain::failure::JobFailure;
use crate::domain::job::{ATTEMPTS_MAX, Job, TASK_DUE_AFTER_MS};
use crate::domain::run::RunRef;

/// A run whose task is due, and the pool of its queue.
#[derive(Deserialize)]
struct DueTaskRow {
    #[serde(flatten)]
    run: RunRow,
    pool: String,
}

impl TryFrom<DueTaskRow> for (Pool, RunRef) {
    type Error = Error;

    fn try_from(row: DueTaskRow) -> Result<Self, Error> {
        Ok((from_text("pool", &row.pool)?, row.run.into()))
    }
}

#[derive(Deserialize)]
struct ObjectRow {
    object_key: String,
}

impl<D: Database> SweepStore for Store<D> {
    async fn fail_unleased_job(
        &self,
        run: RunRef,
        failure: &JobFailure,
        entry_id: LedgerEntryId,
        now: UnixMillis,
    ) -> Result<Ended, Error> {
        let (job_id, code, message) = (run.job_id.to_string(), failure.code.as_str(), failure.message.as_str());
        let fail = statement!(fail_unleased_job, job_id.clone(), run.run, code, message, now);
        let refund = statement!(create_refund_entry, entry_id.to_string(), job_id, now);
        self.run_end([fail, refund], run).await
    }

    async fn requeue_expired_leases(&self, now: UnixMillis, limit: u32) -> Result<usize, Error> {
        let [requeued] = self.run([statement!(requeue_expired_leases, now, ATTEMPTS_MAX, limit)]).await?;
        Ok(requeued.read::<AnyRow>()?.len())
    }

    async fn list_exhausted_jobs(&self, expired_before_ms: UnixMillis, limit: u32) -> Result<Vec<RunRef>, Error> {
        let [rows] = self.run([statement!(list_exhausted_jobs, expired_before_ms, ATTEMPTS_MAX, limit)]).await?;
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

    async fn make_task_due(&self, run: RunRef, now: UnixMillis) -> Result<(), Error> {
        let [_] = self.run([statement!(make_task_due, run.job_id.to_string(), run.run, now)]).await?;
        Ok(())
    }

    async fn list_jobs_with_objects_to_remove(
        &self,
        deleted_before: UnixMillis,
        ended_before: UnixMillis,
        limit: u32,
    ) -> Result<Vec<Job>, Error> {
        let deleted = statement!(list_deleted_jobs_with_objects, deleted_before, limit);
        let [deleted, old] = self.run([deleted, statement!(list_expired_jobs_with_objects, ended_before, limit)]).await?;
        // A job may be in both lists; removing its objects twice is harmless.
        [deleted.read::<JobRow>()?, old.read::<JobRow>()?].into_iter().flatten().map(Job::try_from).collect()
    }

    async fn remove_uploads_of_job(&self, id: JobId, now: UnixMillis) -> Result<Vec<String>, Error> {
        let [objects] = self.run([statement!(remove_uploads_of_job, id.to_string(), now)]).await?;
        Ok(objects.read::<ObjectRow>()?.into_iter().map(|row| row.object_key).collect())
    }

    async fn record_objects_removed(&self, id: JobId, now: UnixMillis) -> Result<(), Error> {
        self.run([statement!(record_objects_removed, id.to_string(), now)]).await.map(|[_]| ())
    }
}
