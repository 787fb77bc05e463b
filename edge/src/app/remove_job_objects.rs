//! Removes a job's stored objects: its source, background and sound, if nobody else works on them, and everything ever made for it.

use shared::source::Source;
use shared::time::UnixMillis;

use crate::app::ports::{Objects as _, Ports, SweepStore as _};
use crate::domain::error::Error;
use crate::domain::job::{Job, REMOVE_OBJECTS_AFTER_MS};

/// Removes what is there now. Safe to repeat, and repeated by the sweep: a transcoder may be storing its last.
pub async fn remove_job_objects(ports: &impl Ports, job: &Job) -> Result<(), Error> {
    ports.objects().remove_below(&job.outputs_prefix()).await?;
    for source in [&job.source, &job.background, &job.sound].into_iter().flatten() {
        if let Source::Object { object_key, .. } = source
            // An output of another job stays with that job.
            && object_key.starts_with("uploads/")
            && !ports.store().is_source_in_use(job.id, source).await?
        {
            ports.objects().remove(object_key).await?;
        }
    }
    Ok(())
}

/// Empties jobs that were deleted a while ago or are past their retention; answers how many.
pub async fn remove_expired_job_objects(ports: &impl Ports, now: UnixMillis, limit: u32) -> Result<usize, Error> {
    let before = |duration_ms| UnixMillis::new(now.as_u64().saturating_sub(duration_ms));
    let retention_ms = ports.settings().output_retention_ms;
    let jobs =
        ports.store().list_jobs_with_objects_to_remove(before(REMOVE_OBJECTS_AFTER_MS), before(retention_ms), limit).await?;
    for job in &jobs {
        remove_job_objects(ports, job).await?;
        ports.store().record_objects_removed(job.id, now).await?;
    }
    Ok(jobs.len())
}
