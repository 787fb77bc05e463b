//! The work of the cron trigger, each minute: recovers lost tasks and events, and removes expired
//! data. Every step is bounded and safe to repeat, and none depends on another's success.

use std::cell::Cell;
use std::fmt::Display;

use shared::code::JobErrorCode;
use shared::task::{Pool, TranscodeTask};
use shared::time::UnixMillis;

use crate::app::create_upload::PUT_EXPIRES_IN_S;
use crate::app::fail_unleased_job::fail_unleased_job;
use crate::app::ports::{
    DeliveryStore as _, GenerationStore as _, IdempotencyStore as _, Objects as _, Ports, ProviderWake, RemovedUpload,
    SweepStore as _, TaskQueue as _, UploadStore as _,
};
use crate::app::remove_job_objects::remove_job_objects;
use crate::domain::error::Error;
use crate::domain::job::{Job, QUEUE_TIMEOUT_MS, REMOVE_OBJECTS_AFTER_MS};
use crate::domain::run::RunRef;
use crate::domain::webhook::UNCONFIRMED_AFTER_MS;

/// Most jobs that one step of one sweep touches. One queue batch holds 100 messages; D1 allows
/// 1,000 queries per invocation.
const JOBS_PER_STEP_MAX: u32 = 100;

/// Most jobs whose objects one sweep removes: each costs a few calls of R2.
const JOBS_CLEANED_MAX: u32 = 20;

/// Most uploads that one sweep removes: one call of R2 and one of D1 each.
const UPLOADS_REMOVED_MAX: u32 = 50;

/// An upload that was removed is recorded until no client can be uploading it. Until then its
/// object may exist again; nobody can read it.
/// Units: milliseconds. A day: the presigned URL lasts an hour, an upload that began with it may
/// take the rest.
const UPLOAD_ENDED_AFTER_MS: u64 = 24 * 60 * 60 * 1_000;
const _: () = assert!(PUT_EXPIRES_IN_S * 1_000 < UPLOAD_ENDED_AFTER_MS, "else an upload might never be removed");

/// The counts of one sweep, for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    pub requeued: usize,
    pub exhausted: usize,
    pub timed_out: usize,
    pub tasks_sent: usize,
    pub idempotency_keys_deleted: usize,
    pub senders_woken: usize,
    pub generations_woken: usize,
    pub jobs_emptied: usize,
    pub uploads_removed: usize,
    /// Steps, and items of steps, that failed. Each has a line in the log.
    pub failures: usize,
}

/// Fails runs past their limits, requeues runs of dead transcoders, resends lost tasks and events,
/// removes expired objects. A step or an item that fails is logged, and the next sweep repeats it.
pub async fn sweep(ports: &impl Ports) -> Swept {
    let now = ports.now();
    let (sweep, store) = (Sweep { ports, now, failures: Cell::default() }, ports.store());
    let exhausted = store.list_exhausted_jobs(now.minus_ms(ports.settings().lease_duration_ms), JOBS_PER_STEP_MAX).await;
    let exhausted = sweep.fail_all("fail jobs without attempts left", exhausted, JobErrorCode::AttemptsExhausted).await;
    let requeued = sweep.count("requeue expired leases", store.requeue_expired_leases(now, JOBS_PER_STEP_MAX).await);
    let timed_out = store.list_jobs_queued_before(now.minus_ms(QUEUE_TIMEOUT_MS), JOBS_PER_STEP_MAX).await;
    let timed_out = sweep.fail_all("fail jobs queued for too long", timed_out, JobErrorCode::QueueTimeout).await;
    let tasks_sent = sweep.send_due_tasks().await;
    let idempotency_keys_deleted =
        sweep.count("delete old idempotency keys", store.delete_old_idempotency_keys(now, JOBS_PER_STEP_MAX).await);
    let senders_woken = sweep.count("wake the webhook sender", sweep.wake_sender().await);
    let generations_woken = sweep.count("wake the provider queue", sweep.wake_provider().await);
    let jobs_emptied = sweep.remove_objects_of_jobs().await;
    let uploads_removed = sweep.remove_old_uploads().await;
    Swept {
        requeued,
        exhausted,
        timed_out,
        tasks_sent,
        idempotency_keys_deleted,
        senders_woken,
        generations_woken,
        jobs_emptied,
        uploads_removed,
        failures: sweep.failures.get(),
    }
}

/// One sweep: its steps, and the number of failures so far.
struct Sweep<'a, P> {
    ports: &'a P,
    now: UnixMillis,
    failures: Cell<usize>,
}

impl<P: Ports> Sweep<'_, P> {
    async fn fail_all(&self, step: &str, runs: Result<Vec<RunRef>, Error>, code: JobErrorCode) -> usize {
        let fail = async |run: &RunRef| fail_unleased_job(self.ports, *run, code, self.now).await;
        self.for_each(step, runs, |run| run.job_id, fail).await
    }

    /// Sends the tasks that are due. Those that cannot be sent are due again later.
    async fn send_due_tasks(&self) -> usize {
        const STEP: &str = "send due tasks";
        let due = self.list(STEP, self.ports.store().take_due_tasks(self.now, JOBS_PER_STEP_MAX).await);
        let mut sent = 0;
        for pool in Pool::ALL {
            let due = due.iter().filter(|(waits_in, _)| *waits_in == pool);
            let tasks: Vec<_> = due.map(|(_, run)| TranscodeTask::TranscodeV1 { job_id: run.job_id, run: run.run }).collect();
            if !tasks.is_empty() {
                sent += self.count(STEP, self.ports.tasks().send(pool, &tasks, 0).await.map(|()| tasks.len()));
            }
        }
        sent
    }

    async fn wake_sender(&self) -> Result<usize, Error> {
        let events = self.ports.store().list_due_deliveries(self.late(), JOBS_PER_STEP_MAX).await?;
        if !events.is_empty() {
            self.ports.tasks().wake_sender(&events, 0).await?;
        }
        Ok(events.len())
    }

    async fn wake_provider(&self) -> Result<usize, Error> {
        let runs = self.ports.store().list_due_generations(self.late(), JOBS_PER_STEP_MAX).await?;
        if !runs.is_empty() {
            let wakes: Vec<_> = runs.iter().copied().map(ProviderWake::Due).collect();
            self.ports.tasks().wake_provider(&wakes, 0).await?;
        }
        Ok(runs.len())
    }

    /// Only events and generations that were due before this instant are woken: the queue's
    /// consumer may be working on later ones.
    const fn late(&self) -> UnixMillis {
        self.now.minus_ms(UNCONFIRMED_AFTER_MS)
    }

    /// Removes the objects of jobs that were deleted a while ago or are past their retention.
    async fn remove_objects_of_jobs(&self) -> usize {
        let deleted_before = self.now.minus_ms(REMOVE_OBJECTS_AFTER_MS);
        let ended_before = self.now.minus_ms(self.ports.settings().output_retention_ms);
        let store = self.ports.store();
        let jobs = store.list_jobs_with_objects_to_remove(deleted_before, ended_before, JOBS_CLEANED_MAX).await;
        let remove = async |job: &Job| {
            remove_job_objects(self.ports, job).await?;
            store.record_objects_removed(job.id, self.now).await.map(|()| true)
        };
        self.for_each("remove objects of jobs", jobs, |job| job.id, remove).await
    }

    /// Removes uploads past their retention, used by a job or not, and once more those that were
    /// removed with a job: a client may have uploaded them again.
    async fn remove_old_uploads(&self) -> usize {
        let created_before = self.now.minus_ms(self.ports.settings().source_retention_ms);
        let store = self.ports.store();
        self.count("find old uploads", store.remove_old_uploads(created_before, UPLOADS_REMOVED_MAX, self.now).await);
        let ended_before = self.now.minus_ms(UPLOAD_ENDED_AFTER_MS);
        let uploads = store.list_removed_uploads(ended_before, UPLOADS_REMOVED_MAX).await;
        let remove = async |upload: &RemovedUpload| {
            self.ports.objects().remove(&upload.object_key).await?;
            store.delete_upload(upload.id).await.map(|()| true)
        };
        self.for_each("remove old uploads", uploads, |upload| upload.id, remove).await
    }

    /// Works on each item, whatever happens to the others. Returns the number of items for which
    /// `work` returned true.
    async fn for_each<T, I: Display>(
        &self,
        step: &str,
        items: Result<Vec<T>, Error>,
        id: fn(&T) -> I,
        work: impl AsyncFn(&T) -> Result<bool, Error>,
    ) -> usize {
        let mut done = 0;
        for item in &self.list(step, items) {
            match work(item).await {
                Ok(was_done) => done += usize::from(was_done),
                Err(error) => self.note_failure(&[("step", &step), ("item", &id(item)), ("error", &error)]),
            }
        }
        done
    }

    fn list<T>(&self, step: &str, items: Result<Vec<T>, Error>) -> Vec<T> {
        items.unwrap_or_else(|error| {
            self.note_failure(&[("step", &step), ("error", &error)]);
            Vec::new()
        })
    }

    fn count(&self, step: &str, outcome: Result<usize, Error>) -> usize {
        outcome.unwrap_or_else(|error| {
            self.note_failure(&[("step", &step), ("error", &error)]);
            0
        })
    }

    fn note_failure(&self, fields: &[(&str, &dyn Display)]) {
        self.failures.set(self.failures.get() + 1);
        self.ports.warn("a part of the sweep failed; the next sweep repeats it", fields);
    }
}
