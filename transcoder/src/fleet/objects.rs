//! The bucket, through the S3 API: sources in, outputs out, never a whole file in memory.

mod multipart;
mod retry;

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials, HttpClient, Region, RequestChecksumCalculation, ResponseChecksumValidation,
    StalledStreamProtectionConfig,
};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::{ByteStream, Length};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use shared::code::JobErrorCode;
use shared::report::MachineFault;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

pub use retry::BucketError;
use retry::{READ_PATIENCE_S, REMOVE_PATIENCE_S, Retries, persist, status};

use crate::error::{TaskError, TaskResult};
use crate::fleet::config::BucketConfig;

/// Size of one part of an upload; R2 takes at least 5 MiB and at most 10,000 parts.
/// Units: bytes.
const PART_SIZE_BYTES: u64 = 8 * 1024 * 1024;
/// Size of the pieces in which a file is read for sending.
/// Units: bytes.
const READ_SIZE_BYTES: usize = 256 * 1024;
/// Units: seconds.
const CONNECT_S_MAX: u64 = 10;
/// How long a connection may be silent.
/// Units: seconds.
const SILENCE_S_MAX: u64 = 30;
/// Time limit of one try of a request: a part of an upload at 70 KiB a second.
/// Units: seconds.
const TRY_S_MAX: u64 = 120;
/// Time limit for aborting unfinished uploads at shutdown.
/// Units: seconds.
const CLOSE_S_MAX: u64 = 10;
const NOT_FOUND: u16 = 404;

/// The bucket.
#[derive(Debug, Clone)]
pub struct Objects {
    client: Client,
    bucket: String,
    /// Aborts of uploads that were dropped unfinished.
    aborts: TaskTracker,
    /// Number of requests that wait for the bucket to come back.
    outages: Arc<AtomicUsize>,
}

impl Objects {
    /// A client of the bucket.
    pub fn new(config: &BucketConfig) -> Self {
        let http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
        Self::with_http_client(config, http.build_https())
    }

    fn with_http_client(config: &BucketConfig, http: impl HttpClient + 'static) -> Self {
        let secret = config.secret_access_key.expose();
        let silence = Duration::from_secs(SILENCE_S_MAX);
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(CONNECT_S_MAX))
            .read_timeout(silence)
            .operation_timeout(Duration::from_secs(TRY_S_MAX));
        let sdk = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(http)
            // Without the slash at its end, an endpoint with a path loses the last segment of that
            // path.
            .endpoint_url(format!("{}/", config.endpoint.as_str().trim_end_matches('/')))
            .force_path_style(true)
            .region(Region::from_static("auto"))
            .credentials_provider(Credentials::new(&config.access_key_id, secret, None, None, "configuration"))
            // By default the SDK adds checksums to uploads, framed as `aws-chunked`; R2's local
            // endpoint stores the framing inside the object.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .stalled_stream_protection(StalledStreamProtectionConfig::enabled().grace_period(silence).build())
            .timeout_config(timeouts.build())
            // The SDK's own retries are bounded by their number and share a budget; `retry` goes
            // on.
            .retry_config(RetryConfig::disabled())
            .build();
        Self { client: Client::from_conf(sdk), bucket: config.name.clone(), aborts: TaskTracker::new(), outages: Arc::default() }
    }

    /// Whether a request waits for the bucket to come back.
    pub fn is_away(&self) -> bool {
        self.outages.load(Ordering::Relaxed) > 0
    }

    /// Stores, reads and removes a small object, once.
    pub async fn check(&self) -> Result<(), BucketError> {
        const BODY: &[u8] = b"self-test";
        let key = format!("self-test/{:032x}", fastrand::u128(..));
        let (client, bucket) = (&self.client, &self.bucket);
        client
            .put_object()
            .bucket(bucket)
            .key(&key)
            .content_type("text/plain")
            .body(ByteStream::from_static(BODY))
            .send()
            .await?;
        let read = async {
            let object = client.get_object().bucket(bucket).key(&key).send().await?;
            object.body.collect().await.map_err(|error| BucketError::Away(chain(&error)))
        };
        let read = read.await;
        client.delete_object().bucket(bucket).key(&key).send().await?;
        if read?.into_bytes() == BODY {
            return Ok(());
        }
        Err(BucketError::Refused("it does not return the bytes that were stored".to_owned()))
    }

    /// Copies an object to a file. `on_bytes` is called with the number of bytes received so far.
    pub async fn download(&self, key: &str, size_bytes: u64, to: &Path, on_bytes: impl Fn(u64)) -> TaskResult<()> {
        let file = File::create(to).await.map_err(|error| TaskError::disk("writing the source", &error))?;
        let mut download = Download { objects: self, key, size_bytes, file, received: 0, etag: None };
        let mut retries = Retries::new(self, Some(Duration::from_secs(READ_PATIENCE_S)));
        loop {
            let before = download.received;
            let Err(error) = download.run(&on_bytes).await else { return Ok(()) };
            if download.received > before {
                retries.restart();
            }
            retries.wait(error).await?;
        }
    }

    /// Copies a file to an object, and waits for a bucket that is away for as long as the caller
    /// does: a finished output is worth it. `on_bytes` is called with the number of bytes stored so
    /// far. A large upload that fails or is dropped is aborted: parts that were sent are charged
    /// for until then.
    pub async fn upload(&self, from: &Path, key: &str, content_type: &'static str, on_bytes: impl Fn(u64)) -> TaskResult<()> {
        let metadata = tokio::fs::metadata(from).await.map_err(|error| TaskError::disk("reading an output", &error))?;
        let size_bytes = metadata.len();
        if size_bytes > PART_SIZE_BYTES {
            return multipart::upload(self, from, size_bytes, key, content_type, on_bytes).await;
        }
        persist(self, None, || async move {
            let put = self.client.put_object().bucket(&self.bucket).key(key).content_type(content_type);
            put.body(read(from, 0, size_bytes).await?).send().await?;
            Ok(())
        })
        .await?;
        on_bytes(size_bytes);
        Ok(())
    }

    /// Removes an object of an unsuccessful attempt; a missing object is no error.
    pub async fn remove(&self, key: &str) {
        let removed = persist(self, Some(Duration::from_secs(REMOVE_PATIENCE_S)), || async move {
            match self.client.delete_object().bucket(&self.bucket).key(key).send().await {
                Err(error) if status(&error) != Some(NOT_FOUND) => Err(error.into()),
                _ => Ok(()),
            }
        });
        if let Err(error) = removed.await {
            tracing::warn!(%error, "an unwanted object was left in the bucket");
        }
    }

    /// Waits until unfinished uploads are aborted.
    pub async fn close(&self) {
        self.aborts.close();
        if timeout(Duration::from_secs(CLOSE_S_MAX), self.aborts.wait()).await.is_err() {
            tracing::warn!("unfinished uploads were left in the bucket");
        }
    }
}

/// A download that continues where it was interrupted.
struct Download<'a> {
    objects: &'a Objects,
    key: &'a str,
    size_bytes: u64,
    file: File,
    received: u64,
    /// Of the object's version that was begun with; another one's bytes must not follow.
    etag: Option<String>,
}

impl Download<'_> {
    async fn run(&mut self, on_bytes: &impl Fn(u64)) -> Result<(), BucketError> {
        let mut object = self.get().await?;
        let disk = |error| TaskError::disk("writing the source", &error);
        while let Some(chunk) = object.body.try_next().await.map_err(|error| BucketError::Away(chain(&error)))? {
            self.file.write_all(&chunk).await.map_err(disk)?;
            self.received += chunk.len() as u64;
            on_bytes(self.received);
        }
        self.file.flush().await.map_err(disk)?;
        let (received, size_bytes) = (self.received, self.size_bytes);
        if received == size_bytes { Ok(()) } else { Err(BucketError::Away(format!("{received} of {size_bytes} bytes came"))) }
    }

    /// The rest of the object.
    async fn get(&mut self) -> Result<GetObjectOutput, BucketError> {
        let missing = |detail: String| TaskError::with_detail(JobErrorCode::UploadMissing, detail);
        let range = (self.received > 0).then(|| format!("bytes={}-", self.received));
        let get = self.objects.client.get_object().bucket(&self.objects.bucket).key(self.key);
        let object = get.set_range(range).set_if_match(self.etag.clone()).send().await;
        let object = object.map_err(|error| match status(&error) {
            Some(NOT_FOUND) => missing("no such object".to_owned()).into(),
            _ => BucketError::from(error),
        })?;
        let size_bytes = object.content_length().and_then(|size| u64::try_from(size).ok()).unwrap_or_default();
        let expected = self.size_bytes - self.received;
        match self.received {
            _ if size_bytes == expected => {}
            0 => return Err(missing(format!("the object has {size_bytes} bytes, {expected} were announced")).into()),
            _ => return Err(BucketError::Away(format!("it offers {size_bytes} bytes, {expected} are left"))),
        }
        self.etag = object.e_tag().map(str::to_owned);
        Ok(object)
    }
}

/// A range of a file, read while it is sent; a retry reads it again.
async fn read(from: &Path, offset: u64, size_bytes: u64) -> TaskResult<ByteStream> {
    let range = ByteStream::read_from().path(from).offset(offset).length(Length::Exact(size_bytes));
    let body = range.buffer_size(READ_SIZE_BYTES).build().await;
    body.map_err(|error| TaskError::machine(MachineFault::ScratchFailed, format!("reading an output: {}", chain(&error))))
}

/// An error and its causes; the SDK's outermost ones say little.
fn chain(error: &impl Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests;
