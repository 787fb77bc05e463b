//! Verifies a signed file URL. The platform sends the bytes.
//!
//! Storage accepts a presigned PUT until it expires, also after the upload was removed. So the URL
//! of an upload reads nothing once its record says that it was removed.

use url::Url;

use crate::app::ports::{Ports, UploadStore as _};
use crate::domain::error::Error;
use crate::domain::file_url::{self, SignedFile};
use crate::domain::upload;

/// The file that a signed URL names. No API key is needed.
/// Errors: `InvalidFileUrl`, `ExpiredFileUrl`, `FileNotFound`.
pub async fn open_file(ports: &impl Ports, url: &Url) -> Result<SignedFile, Error> {
    let file = file_url::verify(url, &ports.settings().file_url_secret, ports.now())?;
    if upload::is_upload(&file.object_key) && !ports.store().is_upload_readable(&file.object_key).await? {
        return Err(Error::FileNotFound);
    }
    Ok(file)
}
