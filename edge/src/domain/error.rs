//! The errors of the use cases. They know no HTTP; each dialect maps every variant.

use std::borrow::Cow;
use std::fmt::Display;
use std::ops::RangeInclusive;

use shared::address::UrlRefusal;
use shared::time::UnixMillis;

use super::quota::Quota;
use super::rate::LimitUsage;
use super::scope::Scope;

/// Every way a use case can refuse. `Display` is for logs; no dialect prints it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The request has no API key.
    #[error("no API key")]
    MissingApiKey,
    /// No such key.
    #[error("unknown API key")]
    InvalidApiKey,
    /// The key was revoked.
    #[error("revoked API key")]
    RevokedApiKey,
    /// The credentials are not enough for an operator's or a transcoder's call.
    #[error("forbidden")]
    Forbidden,
    /// A field is missing or has a value that is not allowed. `message` is public.
    #[error("{field}: {message}")]
    InvalidRequest { field: &'static str, message: String },
    /// A URL that this service does not fetch, such as a private address.
    #[error("{field}: {refusal}")]
    ForbiddenUrl { field: &'static str, refusal: UrlRefusal },
    /// A file URL of ours that is unsigned, altered, or another account's: the three look the same
    /// from outside.
    #[error("file URL is not valid")]
    InvalidFileUrl,
    /// A file URL of ours past its time.
    #[error("file URL has expired")]
    ExpiredFileUrl,
    /// The object that a file URL names is absent or has another size.
    #[error("upload is missing")]
    UploadMissing,
    /// Reserves count against the balance at once.
    #[error("{available_credits} credits available, {required_credits} required")]
    InsufficientCredits { available_credits: u64, required_credits: u64 },
    /// More bytes than are taken in one request.
    #[error("too large")]
    TooLarge,
    /// Absent, or another account's: the two must look the same from outside.
    #[error("job not found")]
    JobNotFound,
    /// The key's monthly quota is used up.
    #[error("{required_credits} credits required, {} of this month's quota left", quota.remaining_credits())]
    QuotaExceeded { quota: Quota, required_credits: u64, resets_at_ms: UnixMillis },
    /// The client's address or key made too many requests within a minute.
    #[error("{} of {} {} a minute", .0.used, .0.limit, .0.name)]
    RateLimited(LimitUsage),
    /// The key lacks the scope.
    #[error("the key lacks the scope `{}`", .0.as_str())]
    MissingScope(Scope),
    /// The first request with the same key has not been answered yet.
    #[error("idempotency key is running")]
    IdempotencyKeyRunning,
    /// The key was used for another request.
    #[error("idempotency key was used for another request")]
    IdempotencyKeyReused,
    /// The model is known, but this installation cannot run it.
    #[error("model unavailable: {0}")]
    ModelUnavailable(Cow<'static, str>),
    /// The job is neither a draft nor failed.
    #[error("job is not startable")]
    JobNotStartable,
    /// The key has a job that is not over, and its dialect takes one at a time.
    #[error("the key has an active job")]
    JobActive,
    /// The job is in work or over.
    #[error("job is not cancelable")]
    JobNotCancelable,
    /// A file is not of a type that is taken, whatever it calls itself.
    #[error("{field}: not of a type that is taken")]
    WrongFileType { field: &'static str },
    /// The job has not succeeded, so it has nothing to download.
    #[error("job is not ready")]
    JobNotReady,
    /// The job succeeded without this output.
    #[error("output not found")]
    OutputNotFound,
    /// The signed file is gone.
    #[error("file not found")]
    FileNotFound,
    /// The range begins beyond the end of the file.
    #[error("range is outside of {size_bytes} bytes")]
    RangeNotSatisfiable { size_bytes: u64 },
    /// An operator named an account or a key that is not there.
    #[error("{0} not found")]
    NoSuchThing(&'static str),
    /// A failure of the service itself. The text is for the log alone.
    #[error("internal: {0}")]
    Internal(String),
}

impl Error {
    /// A field that cannot be taken. `message` is public.
    pub fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        Self::InvalidRequest { field, message: message.into() }
    }
}

/// A number that must lie within bounds.
pub fn bounded<T: PartialOrd + Display>(field: &'static str, value: T, bounds: RangeInclusive<T>) -> Result<T, Error> {
    if bounds.contains(&value) {
        return Ok(value);
    }
    Err(Error::invalid(field, format!("Must be from {} to {}.", bounds.start(), bounds.end())))
}
