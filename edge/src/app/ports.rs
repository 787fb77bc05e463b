//! The ports of the use cases, as traits. Times, ids and random values enter here and nowhere else.

mod outcome;
mod provider;
mod store;

use std::fmt::Display;

use shared::address::AllowedHosts;
use shared::id::{ApiKeyId, LedgerEntryId};
use shared::task::{Pool, TranscodeTask};
use shared::time::UnixMillis;

use crate::domain::error::Error;
use crate::domain::model::PortraitMaker;
use crate::domain::presign;
use crate::domain::rate::RateLimits;
use crate::domain::secret_box::BoxKey;
use crate::domain::webhook::EventId;
pub use outcome::*;
pub use provider::*;
pub use store::*;

/// All ports of the use cases.
pub trait Ports {
    type Store: JobStore
        + LeaseStore
        + SweepStore
        + AccountStore
        + UploadStore
        + IdempotencyStore
        + DeliveryStore
        + GenerationStore
        + ModelStore;
    type Tasks: TaskQueue;
    type Objects: Objects;
    type Http: HttpSender;
    type Provider<'a>: Provider
    where
        Self: 'a;

    fn http(&self) -> &Self::Http;
    fn store(&self) -> &Self::Store;
    fn tasks(&self) -> &Self::Tasks;
    fn objects(&self) -> &Self::Objects;
    /// The provider of this name.
    fn provider(&self, name: &str) -> Option<Self::Provider<'_>>;
    fn settings(&self) -> &Settings;
    fn now(&self) -> UnixMillis;
    /// Fit for keys: unpredictable.
    fn random_bytes(&self) -> [u8; 32];

    /// Waits.
    async fn pause(&self, duration_ms: u64);
    /// Notes that a key was used, to be written after the response.
    fn note_key_use(&self, id: ApiKeyId);
    /// Logs a failure that a use case recovered from.
    fn warn(&self, message: &str, fields: &[(&str, &dyn Display)]);

    fn random_u128(&self) -> u128 {
        self.random_bytes().iter().take(16).fold(0, |value, byte| value << 8 | u128::from(*byte))
    }

    fn new_ledger_entry_id(&self) -> LedgerEntryId {
        LedgerEntryId::from_parts(self.now(), self.random_u128())
    }
}

/// The operator's settings.
#[derive(Clone)]
pub struct Settings {
    /// Absolute, without a slash at its end. A cron or queue event has no request to take it from.
    pub public_base_url: String,
    pub bucket: presign::Bucket,
    pub file_url_secret: Vec<u8>,
    pub transcoder_secret: Vec<u8>,
    pub admin_token: String,
    pub allowed_hosts: AllowedHosts,
    pub lease_duration_ms: u64,
    pub secret_box_key: BoxKey,
    pub webhook_retry_s: Vec<u64>,
    pub source_retention_ms: u64,
    pub output_retention_ms: u64,
    pub rate_limits: RateLimits,
    /// Pauses between polls of one generation.
    pub provider_poll_s: Vec<u64>,
    /// Time limit of one generation, from the order to the video.
    pub provider_timeout_ms: u64,
    /// Which models may make portraits.
    pub portrait_maker: PortraitMaker,
}

/// The queues. A delay beyond the longest that a queue allows is cut to it; the message then comes
/// too early, finds nothing due, and the sweep sends another one.
pub trait TaskQueue {
    /// Queues tasks, after a delay.
    async fn send(&self, pool: Pool, tasks: &[TranscodeTask], delay_ms: u64) -> Result<(), Error>;
    /// Queues the delivery of events, after a delay.
    async fn wake_sender(&self, ids: &[EventId], delay_ms: u64) -> Result<(), Error>;
    /// Queues the next step of generations, after a delay.
    async fn wake_provider(&self, wakes: &[ProviderWake], delay_ms: u64) -> Result<(), Error>;
}

/// HTTP requests to webhook receivers and providers.
pub trait HttpSender {
    /// Sends a request without following redirects. Errors: the reason why there was no response
    /// within `timeout_ms`.
    async fn exchange(&self, request: &HttpRequest) -> Result<HttpAnswer, String>;
    /// Posts without following redirects; returns the status. Errors: the reason why there was no
    /// response within `timeout_ms`.
    async fn post(&self, url: &str, headers: &[(&'static str, String)], body: &str, timeout_ms: u64) -> Result<u16, String>;
}

/// The bytes of an upload, in chunks.
pub trait ByteSource {
    /// The next chunk; None at the end.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Error>;
}

/// The bucket.
pub trait Objects {
    /// Size of an object, if it is there.
    /// Units: bytes.
    async fn find_size_bytes(&self, object_key: &str) -> Result<Option<u64>, Error>;
    /// Streams an object into the bucket; on an error nothing is stored. Returns its size; an empty
    /// object is not stored.
    /// Units: bytes. Errors: those of `bytes`.
    async fn store(&self, object_key: &str, content_type: &str, bytes: &mut impl ByteSource) -> Result<u64, Error>;
    /// Removes an object; one that is not there is fine.
    async fn remove(&self, object_key: &str) -> Result<(), Error>;
    /// Removes every object whose key starts with `prefix`.
    async fn remove_below(&self, prefix: &str) -> Result<(), Error>;
}
