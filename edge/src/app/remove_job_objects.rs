//! Removes the objects of a job from the bucket: its uploads, unless another job needs them, and
//! everything made for it.

use crate::app::ports::{Objects as _, Ports, SweepStore as _};
use crate::domain::error::Error;
use crate::domain::job::Job;

/// Removes what exists now. Safe to repeat; the sweep repeats it, since a transcoder may still be
/// storing an output.
pub async fn remove_job_objects(ports: &impl Ports, job: &Job) -> Result<(), Error> {
    ports.objects().remove_below(&job.outputs_prefix()).await?;
    for object_key in ports.store().remove_uploads_of_job(job.id, ports.now()).await? {
        ports.objects().remove(&object_key).await?;
    }
    Ok(())
}
