//! Verifies a signed file URL. The platform sends the bytes.

use url::Url;

use crate::app::ports::Ports;
use crate::domain::error::Error;
use crate::domain::file_url::{self, SignedFile};

/// The file that a signed URL names. No API key is needed.
/// Errors: `InvalidFileUrl`, `ExpiredFileUrl`.
pub fn open_file(ports: &impl Ports, url: &Url) -> Result<SignedFile, Error> {
    file_url::verify(url, &ports.settings().file_url_secret, ports.now())
}
