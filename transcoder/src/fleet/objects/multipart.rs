//! Uploads in several parts: completed as a whole, or aborted.

use std::path::Path;

use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::runtime::Handle;

use super::{Objects, PART_SIZE_BYTES, chain, read, writing};
use crate::error::{TaskError, TaskResult};

/// Parts in flight at once.
const PARTS_IN_FLIGHT_MAX: usize = 2;

/// Copies a file to an object, part by part.
pub async fn upload(
    objects: &Objects,
    from: &Path,
    size_bytes: u64,
    key: &str,
    content_type: &str,
    on_bytes: impl Fn(u64),
) -> TaskResult<()> {
    let upload = Multipart::create(objects, key, content_type).await?;
    let numbers = (0..).take_while(|number| u64::from(*number) * PART_SIZE_BYTES < size_bytes);
    let mut sending =
        stream::iter(numbers.map(|number: u32| upload.send(from, number, size_bytes))).buffered(PARTS_IN_FLIGHT_MAX);
    let (mut parts, mut sent) = (Vec::new(), 0);
    while let Some((part, part_size_bytes)) = sending.try_next().await? {
        sent += part_size_bytes;
        on_bytes(sent);
        parts.push(part);
    }
    drop(sending);
    upload.complete(parts).await
}

/// An upload that was begun. Dropped before it is complete, it is aborted.
struct Multipart<'a> {
    objects: &'a Objects,
    key: &'a str,
    upload_id: String,
    is_complete: bool,
}

impl<'a> Multipart<'a> {
    async fn create(objects: &'a Objects, key: &'a str, content_type: &str) -> TaskResult<Self> {
        let create = objects.client.create_multipart_upload().bucket(&objects.bucket).key(key).content_type(content_type);
        let created = create.send().await.map_err(|error| writing(&error))?;
        let upload_id = created.upload_id.ok_or_else(|| TaskError::Transient("the bucket named no upload".to_owned()))?;
        Ok(Self { objects, key, upload_id, is_complete: false })
    }

    /// Sends one part; `index` counts from 0, the API from 1.
    async fn send(&self, from: &Path, index: u32, size_bytes: u64) -> TaskResult<(CompletedPart, u64)> {
        let offset = u64::from(index) * PART_SIZE_BYTES;
        let part_size_bytes = PART_SIZE_BYTES.min(size_bytes - offset);
        let number = i32::try_from(index + 1).map_err(|error| TaskError::Transient(error.to_string()))?;
        let part = self.objects.client.upload_part().bucket(&self.objects.bucket).key(self.key);
        let part = part.upload_id(&self.upload_id).part_number(number).body(read(from, offset, part_size_bytes).await?);
        let stored = part.send().await.map_err(|error| writing(&error))?;
        Ok((CompletedPart::builder().part_number(number).set_e_tag(stored.e_tag).build(), part_size_bytes))
    }

    async fn complete(mut self, parts: Vec<CompletedPart>) -> TaskResult<()> {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let complete = self.objects.client.complete_multipart_upload().bucket(&self.objects.bucket).key(self.key);
        let complete = complete.upload_id(&self.upload_id).multipart_upload(parts);
        complete.send().await.map_err(|error| writing(&error))?;
        self.is_complete = true;
        Ok(())
    }
}

impl Drop for Multipart<'_> {
    fn drop(&mut self) {
        if self.is_complete {
            return;
        }
        let abort = self.objects.client.abort_multipart_upload().bucket(&self.objects.bucket).key(self.key);
        let abort = abort.upload_id(&self.upload_id);
        let Ok(runtime) = Handle::try_current() else { return };
        let aborted = async move {
            if let Err(error) = abort.send().await {
                tracing::warn!(error = chain(&error), "a broken upload could not be aborted");
            }
        };
        self.objects.aborts.spawn_on(aborted, &runtime);
    }
}
