//! A request that failed: code, message and facts, from which each dialect renders its own body.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use shared::code::RequestErrorCode as Code;
use shared::time::UnixMillis;

use crate::domain::error::Error;
use crate::platform::log;

/// The outcome of a handler.
pub type HttpResult<T> = Result<T, HttpError>;

/// Makes the response to a request that failed: status and body. The request id is that of
/// `X-Request-Id`.
pub type RenderError = fn(&HttpError, request_id: &str) -> Response;

/// An error on its way out: a response extension, which the layer of `request_id` replaces by the
/// dialect's body.
#[derive(Debug, Clone)]
pub struct HttpError {
    code: Code,
    message: String,
    field: Option<String>,
    details: Option<Box<Value>>,
    retry: Option<Retry>,
    /// Logged, never sent.
    internal: Option<Box<str>>,
}

/// The time after which the same request may succeed.
#[derive(Debug, Clone, Copy)]
enum Retry {
    At(UnixMillis),
    /// Units: milliseconds.
    After(u64),
}

impl HttpError {
    fn new(code: Code) -> Self {
        Self { code, message: code.meaning().to_owned(), field: None, details: None, retry: None, internal: None }
    }

    fn with_message(mut self, message: String) -> Self {
        self.message = message;
        self
    }

    fn in_field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    fn with_details(mut self, details: Value) -> Self {
        self.details = Some(Box::new(details));
        self
    }

    pub fn no_such_route() -> Self {
        Self::new(Code::NotFound)
    }

    pub fn no_such_method() -> Self {
        Self::new(Code::MethodNotAllowed)
    }

    pub fn payload_too_large() -> Self {
        Self::new(Code::PayloadTooLarge)
    }

    /// A form within the limit of requests that has too much in it; `message` says of what.
    pub fn form_too_large(message: &'static str) -> Self {
        Self::new(Code::PayloadTooLarge).with_message(message.to_owned()).in_field("body")
    }

    pub fn unsupported_media_type() -> Self {
        Self::new(Code::UnsupportedMediaType)
    }

    pub fn invalid_json() -> Self {
        Self::new(Code::InvalidJson)
    }

    /// A field of the wrong type or a missing one, as the parser found it.
    pub fn invalid_field(field: String, message: String) -> Self {
        Self::new(Code::InvalidRequest).with_message(message).in_field(field)
    }

    pub const fn code(&self) -> Code {
        self.code
    }

    pub fn message(&self) -> &str {
        &self.message
    }

    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// The message with the field's name before it, for dialects whose error body has no member for
    /// the field. Use cases name fields as bgless does; `own_name` translates a name.
    pub fn message_with_field(&self, own_name: fn(&str) -> &str) -> String {
        match &self.field {
            Some(field) => format!("{}: {}", own_name(field), self.message),
            None => self.message.clone(),
        }
    }

    pub fn details(&self) -> Option<&Value> {
        self.details.as_deref()
    }

    /// The headers that go with the code, whatever the body: `WWW-Authenticate` (with status 401
    /// alone), `Content-Range`, `Retry-After`.
    pub fn headers(&self, status: StatusCode, now: UnixMillis) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(size_bytes) = self.details.as_ref().and_then(|details| details.get("sizeBytes"))
            && let Ok(value) = HeaderValue::from_str(&format!("bytes */{size_bytes}"))
        {
            headers.insert(header::CONTENT_RANGE, value);
        }
        if let Some(retry) = self.retry {
            let in_ms = match retry {
                Retry::At(at_ms) => at_ms.ms_since(now),
                Retry::After(in_ms) => in_ms,
            };
            headers.insert(header::RETRY_AFTER, in_ms.div_ceil(1_000).into());
        }
        headers
    }

    /// Logs the internal message, which is never sent.
    pub fn log(&self, request_id: &str) {
        if let Some(internal) = &self.internal {
            log::error("request failed", &[("request.id", &request_id), ("error", internal)]);
        }
    }
}

/// The status of each code, in dialects without a table of their own.
pub const fn status(code: Code) -> StatusCode {
    match code {
        Code::InvalidJson | Code::InvalidRequest | Code::ForbiddenUrl => StatusCode::BAD_REQUEST,
        Code::MissingApiKey | Code::InvalidApiKey | Code::RevokedApiKey => StatusCode::UNAUTHORIZED,
        Code::InsufficientCredits => StatusCode::PAYMENT_REQUIRED,
        Code::Forbidden | Code::InvalidFileUrl | Code::ExpiredFileUrl => StatusCode::FORBIDDEN,
        Code::JobNotFound | Code::OutputNotFound | Code::FileNotFound | Code::NotFound => StatusCode::NOT_FOUND,
        Code::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Code::UploadMissing
        | Code::JobNotStartable
        | Code::JobActive
        | Code::JobNotCancelable
        | Code::JobNotReady
        | Code::ModelUnavailable
        | Code::IdempotencyKeyRunning => StatusCode::CONFLICT,
        Code::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Code::RangeNotSatisfiable => StatusCode::RANGE_NOT_SATISFIABLE,
        Code::IdempotencyKeyReused => StatusCode::UNPROCESSABLE_ENTITY,
        Code::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        let mut response = status(self.code).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Error> for HttpError {
    fn from(error: Error) -> Self {
        match error {
            Error::MissingApiKey => Self::new(Code::MissingApiKey),
            Error::InvalidApiKey => Self::new(Code::InvalidApiKey),
            Error::RevokedApiKey => Self::new(Code::RevokedApiKey),
            Error::Forbidden => Self::new(Code::Forbidden),
            Error::InvalidRequest { field, message } => Self::new(Code::InvalidRequest).with_message(message).in_field(field),
            Error::ForbiddenUrl { field, refusal } => {
                let message = format!("{} ({refusal})", Code::ForbiddenUrl.meaning());
                Self::new(Code::ForbiddenUrl).with_message(message).in_field(field)
            }
            Error::InvalidFileUrl => Self::new(Code::InvalidFileUrl),
            Error::ExpiredFileUrl => Self::new(Code::ExpiredFileUrl),
            Error::UploadMissing => Self::new(Code::UploadMissing),
            Error::InsufficientCredits { available_credits, required_credits } => Self::new(Code::InsufficientCredits)
                .with_details(json!({ "availableCredits": available_credits, "requiredCredits": required_credits })),
            Error::QuotaExceeded { quota, required_credits, resets_at_ms } => Self {
                retry: Some(Retry::At(resets_at_ms)),
                ..Self::new(Code::RateLimited)
                    .with_message("The key's monthly credit quota does not cover this job.".to_owned())
                    .with_details(json!({
                        "monthlyCredits": quota.monthly_credits,
                        "usedCredits": quota.used_credits,
                        "requiredCredits": required_credits,
                        "resetsAt": resets_at_ms.to_iso_8601(),
                    }))
            },
            Error::RateLimited(usage) => Self {
                retry: Some(Retry::After(usage.resets_in_ms)),
                ..Self::new(Code::RateLimited)
                    .with_message(format!("More than {} {} within a minute.", usage.limit, usage.name))
                    .with_details(json!({ "limit": usage.name, "perMinute": usage.limit }))
            },
            Error::MissingScope(scope) => {
                Self::new(Code::Forbidden).with_message(format!("The key lacks the scope `{}`.", scope.as_str()))
            }
            Error::IdempotencyKeyRunning => Self::new(Code::IdempotencyKeyRunning),
            Error::IdempotencyKeyReused => Self::new(Code::IdempotencyKeyReused),
            Error::ModelUnavailable(reason) => {
                Self::new(Code::ModelUnavailable).with_message(reason.to_string()).in_field("model")
            }
            Error::TooLarge => Self::new(Code::PayloadTooLarge),
            Error::JobNotFound => Self::new(Code::JobNotFound),
            Error::JobNotStartable => Self::new(Code::JobNotStartable),
            Error::JobActive => Self::new(Code::JobActive),
            Error::JobNotCancelable => Self::new(Code::JobNotCancelable),
            Error::WrongFileType { field } => Self::new(Code::UnsupportedMediaType).in_field(field),
            Error::JobNotReady => Self::new(Code::JobNotReady),
            Error::OutputNotFound => Self::new(Code::OutputNotFound),
            Error::FileNotFound => Self::new(Code::FileNotFound),
            Error::RangeNotSatisfiable { size_bytes } => {
                Self::new(Code::RangeNotSatisfiable).with_details(json!({ "sizeBytes": size_bytes }))
            }
            Error::NoSuchThing(what) => Self::new(Code::NotFound).with_message(format!("No such {what}.")),
            Error::Internal(internal) => Self { internal: Some(internal.into()), ..Self::new(Code::Internal) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::quota::Quota;
    use crate::domain::rate::LimitUsage;

    #[test]
    fn retry_after_counts_from_the_time_of_the_response() {
        let resets_at_ms = UnixMillis::new(1_763_750_000_000);
        let quota = Quota { monthly_credits: 1, used_credits: 1 };
        let over_quota = HttpError::from(Error::QuotaExceeded { quota, required_credits: 1, resets_at_ms });
        let usage = LimitUsage { name: "requests", limit: 1, used: 2, resets_in_ms: 1_001 };
        let too_often = HttpError::from(Error::RateLimited(usage));
        let retry_after = |error: &HttpError, now_ms: u64| {
            let headers = error.headers(StatusCode::TOO_MANY_REQUESTS, UnixMillis::new(now_ms));
            headers[header::RETRY_AFTER].to_str().unwrap().to_owned()
        };
        for (now_ms, seconds) in [(1_763_749_990_000, "10"), (1_763_749_999_999, "1"), (1_763_750_000_001, "0")] {
            assert_eq!((retry_after(&over_quota, now_ms).as_str(), retry_after(&too_often, now_ms).as_str()), (seconds, "2"));
        }
    }

    #[test]
    fn a_challenge_goes_with_401_alone() {
        let error = HttpError::from(Error::InvalidApiKey);
        let has_challenge = |status| error.headers(status, UnixMillis::new(0)).contains_key(header::WWW_AUTHENTICATE);
        assert!(has_challenge(StatusCode::UNAUTHORIZED) && !has_challenge(StatusCode::FORBIDDEN));
    }
}
