//! Removes the objects of a job from the bucket: its input files, unless another job needs them,
//! and everything made for it.

use shared::time::UnixMillis;

use crate::app::ports::{Objects as _, Ports, SweepStore as _};
use crate::domain::error::Error;
use crate::domain::job::{Job, REMOVE_OBJECTS_AFTER_MS};

/// Removes what exists now. Safe to repeat; the sweep repeats it, since a transcoder may still be
/// storing an output.
pub async fn remove_job_objects(ports: &impl Ports, job: &Job) -> Result<(), Error> {
    ports.objects().remove_below(&job.outputs_prefix()).await?;
    for object_key in ports.store().list_objects_of_job(job.id).await? {
        ports.objects().remove(&object_key).await?;
    }
    Ok(())
}

/// Removes the objects of jobs that were deleted `REMOVE_OBJECTS_AFTER_MS` ago or are past their
/// retention. Returns the number of jobs.
pub async fn remove_expired_job_objects(ports: &impl Ports, now: UnixMillis, limit: u32) -> Result<usize, Error> {
    let deleted_before = now.minus_ms(REMOVE_OBJECTS_AFTER_MS);
    let ended_before = now.minus_ms(ports.settings().output_retention_ms);
    let jobs = ports.store().list_jobs_with_objects_to_remove(deleted_before, ended_before, limit).await?;
    for job in &jobs {
        remove_job_objects(ports, job).await?;
        ports.store().record_objects_removed(job.id, now).await?;
    }
    Ok(jobs.len())
}
