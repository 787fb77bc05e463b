//! Signed URLs of a job's outputs.

use shared::id::JobId;
use shared::media::Output;
use shared::time::UnixMillis;

use crate::app::get_job::get_job;
use crate::app::ports::Ports;
use crate::domain::api_key::KeyHash;
use crate::domain::error::Error;
use crate::domain::file_url::{self, SignedFile};
use crate::domain::job::{FILE_URL_LIFETIME_MS, JobState};

/// A signed URL of one output; without a format, of the first.
/// Errors: those of `get_job`, `JobNotReady`, `OutputNotFound`.
pub async fn download_output(ports: &impl Ports, key: &KeyHash, id: JobId, output: Option<Output>) -> Result<String, Error> {
    let job = get_job(ports, key, id).await?;
    if job.state != JobState::Success {
        return Err(Error::JobNotReady);
    }
    let asset =
        job.assets.iter().find(|asset| output.is_none_or(|output| asset.output == output)).ok_or(Error::OutputNotFound)?;
    Ok(sign_object_url(ports, &asset.object_key, asset.size_bytes).0)
}

/// A URL of a stored object, and until when it works.
pub fn sign_object_url(ports: &impl Ports, object_key: &str, size_bytes: u64) -> (String, UnixMillis) {
    let settings = ports.settings();
    let expires_at_ms = ports.now().plus_ms(FILE_URL_LIFETIME_MS);
    let file = SignedFile { object_key: object_key.to_owned(), size_bytes };
    (file_url::sign(&settings.public_base_url, &settings.file_url_secret, &file, expires_at_ms), expires_at_ms)
}
