//! Creates a presigned upload, and the file URL that names it as the source of a job.

use shared::id::UploadId;
use shared::time::UnixMillis;

use crate::app::find_source::find_source;
use crate::app::ports::{Ports, UploadStore as _};
use crate::domain::api_key::Caller;
use crate::domain::error::Error;
use crate::domain::file_url::{self, SignedFile};
use crate::domain::job::FILE_URL_LIFETIME_MS;
use crate::domain::presign::{self, PutGrant};
use crate::domain::upload;

/// Lifetime of the presigned PUT URL. Storage accepts it so long, whatever became of the upload.
/// Units: seconds. One hour, for slow connections and hesitant users.
pub const PUT_EXPIRES_IN_S: u64 = 60 * 60;

/// Where to put a file, and where it will be.
pub struct UploadTicket {
    pub upload_url: String,
    pub file_url: String,
    pub file_url_expires_at_ms: UnixMillis,
    pub retained_until_ms: UnixMillis,
    pub content_type: String,
    pub size_bytes: u64,
}

/// Presigns the PUT of one file, and records the upload, so that it is removed at the end of its
/// retention.
/// Errors: `InvalidRequest`.
pub async fn create_upload(
    ports: &impl Ports,
    caller: Caller,
    file_name: &str,
    content_type: &str,
    size_bytes: u64,
) -> Result<UploadTicket, Error> {
    let upload = upload::check(file_name, content_type, size_bytes)?;
    let (now, settings) = (ports.now(), ports.settings());
    let id = UploadId::from_parts(now, ports.random_u128());
    let object_key = upload::object_key(caller.account_id, id, &upload);
    let grant =
        PutGrant { object_key: &object_key, content_type: &upload.content_type, size_bytes, expires_in_s: PUT_EXPIRES_IN_S };
    let upload_url = presign::presign_put(&settings.bucket, &grant, now)?.into();
    ports.store().create_upload(id, caller.account_id, &object_key, now).await?;
    let file_url_expires_at_ms = now.plus_ms(FILE_URL_LIFETIME_MS);
    let file = SignedFile { object_key, size_bytes };
    let file_url = file_url::sign(&settings.public_base_url, &settings.file_url_secret, &file, file_url_expires_at_ms);
    let retained_until_ms = now.plus_ms(settings.source_retention_ms);
    let content_type = upload.content_type;
    Ok(UploadTicket { upload_url, file_url, file_url_expires_at_ms, retained_until_ms, content_type, size_bytes })
}

/// Checks the URL of a hosted file before a job is created with it.
/// Errors: those of `find_source`.
pub fn check_hosted_file(ports: &impl Ports, caller: Caller, url: &str) -> Result<(), Error> {
    find_source(ports, caller, "url", url).map(|_| ())
}
