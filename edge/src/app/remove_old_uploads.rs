//! Removes uploads at the end of their retention, used by a job or not.

use shared::time::UnixMillis;

use crate::app::ports::{Objects as _, Ports, UploadStore as _};
use crate::domain::error::Error;

/// Removes uploads past their retention. Returns their number.
pub async fn remove_old_uploads(ports: &impl Ports, now: UnixMillis, limit: u32) -> Result<usize, Error> {
    let created_before_ms = UnixMillis::new(now.as_u64().saturating_sub(ports.settings().source_retention_ms));
    let uploads = ports.store().list_old_uploads(created_before_ms, limit).await?;
    for upload in &uploads {
        ports.objects().remove(&upload.object_key).await?;
        ports.store().delete_upload(upload.id).await?;
    }
    Ok(uploads.len())
}
