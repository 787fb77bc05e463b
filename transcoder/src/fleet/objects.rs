//! The bucket, through the S3 API: sources in, outputs out, never a whole file in memory.

mod multipart;

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::{RetryConfig, RetryPartition, TokenBucket};
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials, HttpClient, Region, RequestChecksumCalculation, ResponseChecksumValidation,
    StalledStreamProtectionConfig,
};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::{ByteStream, Length};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use backon::BackoffBuilder;
use shared::code::JobErrorCode;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use tokio::time::{sleep, timeout};
use tokio_util::task::TaskTracker;

use crate::error::{TaskError, TaskResult};
use crate::fleet::backoff::backoff;
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
/// Time limit of one request with its retries, long enough for a short outage of the bucket.
/// Units: seconds.
const OPERATION_S_MAX: u64 = 120;
/// Attempts of one request, with random pauses of at most 1, 2, 4, 8, 16, 20, 20 … s; enough that
/// `OPERATION_S_MAX` is reached first.
const TRIES_MAX: u32 = 20;
/// Most resumptions of an interrupted download.
const RESUMES_MAX: usize = 5;
/// Pause before the first resumption.
/// Units: milliseconds.
const RESUME_PAUSE_MS: u64 = 500;
/// Longest pause before a resumption, before jitter.
/// Units: seconds.
const RESUME_PAUSE_S_MAX: u64 = 5;
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
            .operation_timeout(Duration::from_secs(OPERATION_S_MAX));
        // Retries are bounded by time. The SDK's default is a budget that all requests share: a few
        // uploads at once would spend it within seconds.
        let retries = RetryPartition::custom("bucket").token_bucket(TokenBucket::unlimited()).build();
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
            .retry_config(RetryConfig::standard().with_max_attempts(TRIES_MAX))
            .retry_partition(retries)
            .build();
        Self { client: Client::from_conf(sdk), bucket: config.name.clone(), aborts: TaskTracker::new() }
    }

    /// Copies an object to a file. `on_bytes` is called with the number of bytes received so far.
    pub async fn download(&self, key: &str, size_bytes: u64, to: &Path, on_bytes: impl Fn(u64)) -> TaskResult<()> {
        let file = File::create(to).await.map_err(|error| TaskError::disk("writing the source", &error))?;
        let mut download = Download { objects: self, key, size_bytes, file, received: 0, etag: None };
        let (first, longest) = (Duration::from_millis(RESUME_PAUSE_MS), Duration::from_secs(RESUME_PAUSE_S_MAX));
        let mut pauses = backoff(first, longest).with_max_times(RESUMES_MAX).build();
        loop {
            match (download.run(&on_bytes).await, pauses.next()) {
                (Err(TaskError::Transient(detail)), Some(pause)) if download.received > 0 => {
                    tracing::info!(detail, received = download.received, "a download was interrupted; resuming it");
                    sleep(pause).await;
                }
                (ended, _) => return ended,
            }
        }
    }

    /// Copies a file to an object. `on_bytes` is called with the number of bytes stored so far. A
    /// large upload that fails or is dropped is aborted: parts that were sent are charged for until
    /// then.
    pub async fn upload(&self, from: &Path, key: &str, content_type: &'static str, on_bytes: impl Fn(u64)) -> TaskResult<()> {
        let metadata = tokio::fs::metadata(from).await.map_err(|error| TaskError::disk("reading an output", &error))?;
        let size_bytes = metadata.len();
        if size_bytes > PART_SIZE_BYTES {
            return multipart::upload(self, from, size_bytes, key, content_type, on_bytes).await;
        }
        let put = self.client.put_object().bucket(&self.bucket).key(key).content_type(content_type);
        put.body(read(from, 0, size_bytes).await?).send().await.map_err(|error| writing(&error))?;
        on_bytes(size_bytes);
        Ok(())
    }

    /// Removes an object of an unsuccessful attempt; a missing object is no error.
    pub async fn remove(&self, key: &str) {
        if let Err(error) = self.client.delete_object().bucket(&self.bucket).key(key).send().await
            && error.raw_response().is_none_or(|response| response.status().as_u16() != NOT_FOUND)
        {
            tracing::warn!(error = chain(&error), "an unwanted object was left in the bucket");
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
    async fn run(&mut self, on_bytes: &impl Fn(u64)) -> TaskResult<()> {
        let mut object = self.get().await?;
        let disk = |error| TaskError::disk("writing the source", &error);
        while let Some(chunk) = object.body.try_next().await.map_err(|error| reading(&error))? {
            self.file.write_all(&chunk).await.map_err(disk)?;
            self.received += chunk.len() as u64;
            on_bytes(self.received);
        }
        self.file.flush().await.map_err(disk)?;
        let (received, size_bytes) = (self.received, self.size_bytes);
        if received == size_bytes { Ok(()) } else { Err(TaskError::Transient(format!("{received} of {size_bytes} bytes came"))) }
    }

    /// The rest of the object.
    async fn get(&mut self) -> TaskResult<GetObjectOutput> {
        let missing = |detail: String| TaskError::with_detail(JobErrorCode::UploadMissing, detail);
        let range = (self.received > 0).then(|| format!("bytes={}-", self.received));
        let get = self.objects.client.get_object().bucket(&self.objects.bucket).key(self.key);
        let object = get.set_range(range).set_if_match(self.etag.clone()).send().await;
        let object = object.map_err(|error| match error.raw_response().map(|response| response.status().as_u16()) {
            Some(NOT_FOUND) => missing("no such object".to_owned()),
            _ => reading(&error),
        })?;
        let size_bytes = object.content_length().and_then(|size| u64::try_from(size).ok()).unwrap_or_default();
        let expected = self.size_bytes - self.received;
        match self.received {
            _ if size_bytes == expected => {}
            0 => return Err(missing(format!("the object has {size_bytes} bytes, {expected} were announced"))),
            _ => return Err(TaskError::Transient(format!("the bucket offers {size_bytes} bytes, {expected} are left"))),
        }
        self.etag = object.e_tag().map(str::to_owned);
        Ok(object)
    }
}

/// A range of a file, read while it is sent; a retry reads it again.
async fn read(from: &Path, offset: u64, size_bytes: u64) -> TaskResult<ByteStream> {
    let range = ByteStream::read_from().path(from).offset(offset).length(Length::Exact(size_bytes));
    let body = range.buffer_size(READ_SIZE_BYTES).build().await;
    body.map_err(|error| TaskError::Transient(format!("reading an output: {}", chain(&error))))
}

fn reading(error: &impl Error) -> TaskError {
    TaskError::Transient(format!("reading the bucket: {}", chain(error)))
}

fn writing(error: &impl Error) -> TaskError {
    TaskError::Transient(format!("writing the bucket: {}", chain(error)))
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
