//! The bucket, through the S3 API: sources in, outputs out, never a whole file in memory.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::buffered::BufWriter;
use object_store::{Attribute, Attributes, ClientOptions, ObjectStore, ObjectStoreExt, RetryConfig};
use shared::code::JobErrorCode;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::error::{TaskError, TaskResult};
use crate::fleet::config::BucketConfig;

/// One part of an upload, and all that is held of it; R2 takes at least 5 MiB and at most 10,000 parts.
/// Units: bytes.
const PART_SIZE_BYTES: usize = 8 * 1024 * 1024;
/// Parts on their way at once.
const PARTS_IN_FLIGHT_MAX: usize = 2;
/// Units: seconds.
const CONNECT_S_MAX: u64 = 10;
/// How long a connection may be silent.
/// Units: seconds.
const READ_S_MAX: u64 = 30;
/// How long one request is tried again.
/// Units: seconds.
const RETRY_S_MAX: u64 = 60;

/// The bucket.
#[derive(Debug, Clone)]
pub struct Objects {
    store: Arc<AmazonS3>,
}

impl Objects {
    /// A client of the bucket.
    pub fn new(config: &BucketConfig) -> Result<Self, object_store::Error> {
        // The default limit is 30 s for a whole body, too short for a large one: silence is limited instead.
        let client = ClientOptions::new()
            .with_allow_http(config.endpoint.scheme() == "http")
            .with_connect_timeout(Duration::from_secs(CONNECT_S_MAX))
            .with_read_timeout(Duration::from_secs(READ_S_MAX))
            .with_timeout_disabled();
        let retry = RetryConfig { max_retries: 5, retry_timeout: Duration::from_secs(RETRY_S_MAX), ..RetryConfig::default() };
        let store = AmazonS3Builder::new()
            .with_endpoint(config.endpoint.as_str().trim_end_matches('/'))
            .with_virtual_hosted_style_request(false)
            .with_region("auto")
            .with_bucket_name(&config.name)
            .with_access_key_id(&config.access_key_id)
            .with_secret_access_key(config.secret_access_key.expose())
            .with_client_options(client)
            .with_retry(retry)
            .build()?;
        Ok(Self { store: Arc::new(store) })
    }

    /// Copies an object to a file. `on_bytes` is told how many bytes have come.
    pub async fn download(&self, key: &str, size_bytes: u64, to: &Path, on_bytes: impl Fn(u64)) -> TaskResult<()> {
        let missing = |detail: String| TaskError::with_detail(JobErrorCode::UploadMissing, detail);
        let object = self.store.get(&parse_key(key)?).await.map_err(|error| match error {
            object_store::Error::NotFound { .. } => missing("no such object".to_owned()),
            error => TaskError::Transient(format!("reading the bucket: {error}")),
        })?;
        if object.meta.size != size_bytes {
            return Err(missing(format!("the object has {} bytes, {size_bytes} were announced", object.meta.size)));
        }
        let disk = |error| TaskError::disk("writing the source", &error);
        let mut file = File::create(to).await.map_err(disk)?;
        let (mut chunks, mut received) = (object.into_stream(), 0);
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| TaskError::Transient(format!("reading the bucket: {error}")))?;
            file.write_all(&chunk).await.map_err(disk)?;
            received += chunk.len() as u64;
            on_bytes(received);
        }
        file.flush().await.map_err(disk)?;
        if received == size_bytes { Ok(()) } else { Err(TaskError::Transient(format!("{received} of {size_bytes} bytes came"))) }
    }

    /// Copies a file to an object. `on_bytes` is told how many bytes have gone.
    pub async fn upload(&self, from: &Path, key: &str, content_type: &'static str, on_bytes: impl Fn(u64)) -> TaskResult<()> {
        let disk = |error| TaskError::disk("reading an output", &error);
        let bucket = |error| TaskError::Transient(format!("writing the bucket: {error}"));
        let attributes = Attributes::from_iter([(Attribute::ContentType, content_type)]);
        let mut writer =
            BufWriter::with_capacity(Arc::clone(&self.store) as Arc<dyn ObjectStore>, parse_key(key)?, PART_SIZE_BYTES)
                .with_max_concurrency(PARTS_IN_FLIGHT_MAX)
                .with_attributes(attributes);
        let mut file = File::open(from).await.map_err(disk)?;
        let (mut chunk, mut sent) = (vec![0; 256 * 1024], 0);
        let copied = async {
            loop {
                let size_bytes = file.read(&mut chunk).await.map_err(disk)?;
                if size_bytes == 0 {
                    return Ok(());
                }
                writer.write_all(chunk.get(..size_bytes).unwrap_or_default()).await.map_err(bucket)?;
                sent += size_bytes as u64;
                on_bytes(sent);
            }
        };
        if let Err(error) = copied.await {
            // Parts that were sent are kept, and charged for, until somebody says that no more will come.
            if let Err(error) = writer.abort().await {
                tracing::warn!(%error, "a broken upload could not be aborted");
            }
            return Err(error);
        }
        writer.shutdown().await.map_err(bucket)
    }

    /// Removes an object that nobody will ask for; one that is not there is fine.
    pub async fn remove(&self, key: &str) {
        let Ok(path) = parse_key(key) else { return };
        match self.store.delete(&path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => tracing::warn!(%error, "an unwanted object was left in the bucket"),
        }
    }
}

fn parse_key(key: &str) -> TaskResult<object_store::path::Path> {
    object_store::path::Path::parse(key)
        .map_err(|error| TaskError::with_detail(JobErrorCode::Internal, format!("object key: {error}")))
}
