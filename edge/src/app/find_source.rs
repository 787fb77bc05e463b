//! Resolves the URL of an input file to an object of ours or an address elsewhere, and checks it.
//! No I/O.

use shared::address;
use shared::source::Source;
use url::Url;

use crate::app::ports::Ports;
use crate::domain::api_key::Caller;
use crate::domain::error::Error;
use crate::domain::{file_url, upload};

/// The file that a caller's URL names. `field` is named in errors.
/// Errors: `InvalidFileUrl`, `ExpiredFileUrl`, `ForbiddenUrl`.
pub fn find_source(ports: &impl Ports, caller: Caller, field: &'static str, text: &str) -> Result<Source, Error> {
    let settings = ports.settings();
    if let Some(url) = Url::parse(text).ok().filter(|url| file_url::is_ours(&settings.public_base_url, url)) {
        let file = file_url::verify(&url, &settings.file_url_secret, ports.now())?;
        if !upload::is_owned_by(&file.object_key, caller.account_id) {
            return Err(Error::InvalidFileUrl);
        }
        return Ok(Source::Object { object_key: file.object_key, size_bytes: file.size_bytes });
    }
    let url = address::check_url(text, &settings.allowed_hosts).map_err(|refusal| Error::ForbiddenUrl { field, refusal })?;
    Ok(Source::Url { url: url.into() })
}
