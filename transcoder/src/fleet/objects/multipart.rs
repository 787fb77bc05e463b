//! Uploads in several parts: completed as a whole, or aborted.

use std::path::Path;
use std::time::Duration;

use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::runtime::Handle;

use super::retry::{REMOVE_PATIENCE_S, persist, status};
use super::{BucketError, NOT_FOUND, Objects, PART_SIZE_BYTES, read};
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
    upload.complete(parts, size_bytes).await
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
        let created = persist(objects, None, || async move {
            let create = objects.client.create_multipart_upload().bucket(&objects.bucket).key(key).content_type(content_type);
            create.send().await?.upload_id.ok_or_else(|| BucketError::Away("it named no upload".to_owned()))
        });
        Ok(Self { objects, key, upload_id: created.await?, is_complete: false })
    }

    /// Sends one part; `index` counts from 0, the API from 1.
    async fn send(&self, from: &Path, index: u32, size_bytes: u64) -> TaskResult<(CompletedPart, u64)> {
        let offset = u64::from(index) * PART_SIZE_BYTES;
        let part_size_bytes = PART_SIZE_BYTES.min(size_bytes - offset);
        let number = i32::try_from(index + 1).map_err(|error| TaskError::Transient(error.to_string()))?;
        let stored = persist(self.objects, None, || async move {
            let part = self.objects.client.upload_part().bucket(&self.objects.bucket).key(self.key);
            let part = part.upload_id(&self.upload_id).part_number(number).body(read(from, offset, part_size_bytes).await?);
            Ok(part.send().await?)
        });
        Ok((CompletedPart::builder().part_number(number).set_e_tag(stored.await?.e_tag).build(), part_size_bytes))
    }

    /// An upload that is unknown may have been completed by a try whose answer was lost.
    async fn complete(mut self, parts: Vec<CompletedPart>, size_bytes: u64) -> TaskResult<()> {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let (objects, key, upload_id) = (self.objects, self.key, &self.upload_id);
        persist(objects, None, || {
            let complete = objects.client.complete_multipart_upload().bucket(&objects.bucket).key(key);
            let complete = complete.upload_id(upload_id).multipart_upload(parts.clone());
            async move {
                let Err(error) = complete.send().await else { return Ok(()) };
                if status(&error) == Some(NOT_FOUND) {
                    let object = objects.client.head_object().bucket(&objects.bucket).key(key).send().await?;
                    if object.content_length().and_then(|size| u64::try_from(size).ok()) == Some(size_bytes) {
                        return Ok(());
                    }
                }
                Err(error.into())
            }
        })
        .await?;
        self.is_complete = true;
        Ok(())
    }
}

impl Drop for Multipart<'_> {
    fn drop(&mut self) {
        if self.is_complete {
            return;
        }
        let Ok(runtime) = Handle::try_current() else { return };
        let (objects, key, upload_id) = (self.objects.clone(), self.key.to_owned(), self.upload_id.clone());
        let aborted = async move {
            let abort = objects.client.abort_multipart_upload().bucket(&objects.bucket).key(key).upload_id(upload_id);
            let abort = || async { Ok(abort.clone().send().await.map(drop)?) };
            if let Err(error) = persist(&objects, Some(Duration::from_secs(REMOVE_PATIENCE_S)), abort).await {
                tracing::warn!(%error, "a broken upload could not be aborted");
            }
        };
        self.objects.aborts.spawn_on(aborted, &runtime);
    }
}
