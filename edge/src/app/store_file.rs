//! Stores a file of a request body, and records it as an upload, so that it is removed at the end
//! of its retention.

use shared::id::UploadId;
use shared::source::Source;

use crate::app::download_output::sign_object_url;
use crate::app::ports::{ByteSource, Objects as _, Ports, UploadStore as _};
use crate::domain::api_key::Caller;
use crate::domain::error::Error;
use crate::domain::upload::{self, NewUpload};

/// A file that was stored in the bucket.
pub struct StoredFile {
    pub id: UploadId,
    object_key: String,
    /// The signed URL by which a job can use it as a source.
    pub file_url: String,
    pub size_bytes: u64,
}

impl StoredFile {
    /// The file as the source of a job.
    pub fn source(&self) -> Source {
        Source::Object { object_key: self.object_key.clone(), size_bytes: self.size_bytes }
    }
}

/// Stores a file; none if it is empty.
/// Errors: those of `bytes`.
pub async fn store_file(
    ports: &impl Ports,
    caller: Caller,
    file_name: &str,
    content_type: &str,
    bytes: &mut impl ByteSource,
) -> Result<Option<StoredFile>, Error> {
    let now = ports.now();
    let id = UploadId::from_parts(now, ports.random_u128());
    let new = NewUpload { file_name: upload::safe_file_name(file_name), content_type: content_type.to_owned(), size_bytes: 0 };
    let object_key = upload::object_key(caller.account_id, id, &new);
    let size_bytes = ports.objects().store(&object_key, content_type, bytes).await?;
    if size_bytes == 0 {
        return Ok(None);
    }
    if let Err(error) = ports.store().create_upload(id, caller.account_id, &object_key, now).await {
        // Without its row, no sweep would remove it.
        ports.objects().remove(&object_key).await?;
        return Err(error);
    }
    let (file_url, _) = sign_object_url(ports, &object_key, size_bytes);
    Ok(Some(StoredFile { id, object_key, file_url, size_bytes }))
}

/// Removes a file that no job was created with. Best effort; else it goes at the end of its
/// retention.
pub async fn discard_file(ports: &impl Ports, file: &StoredFile) {
    let removed = match ports.objects().remove(&file.object_key).await {
        Ok(()) => ports.store().delete_upload(file.id).await,
        Err(error) => Err(error),
    };
    if let Err(error) = removed {
        ports.warn("a file that no job came of is left to its retention", &[("error", &error)]);
    }
}
