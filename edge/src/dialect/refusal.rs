//! A request that is refused: which code, which status, and what else every dialect may say of it in its own words.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use shared::code::RequestErrorCode as Code;
use shared::time::UnixMillis;

use crate::domain::error::Error;
use crate::platform::{clock, log};

/// What a handler answers.
pub type Answer<T> = Result<T, Refusal>;

/// A refusal on its way out. It becomes a body once the request's name is known (`dialect::request_id`).
#[derive(Debug, Clone)]
pub struct Refusal {
    code: Code,
    message: String,
    field: Option<String>,
    details: Option<Box<Value>>,
    /// From when on the same request may succeed.
    retry_at_ms: Option<UnixMillis>,
    /// For the log alone.
    internal: Option<Box<str>>,
}

impl Refusal {
    fn new(code: Code) -> Self {
        Self { code, message: code.meaning().to_owned(), field: None, details: None, retry_at_ms: None, internal: None }
    }

    fn saying(mut self, message: String) -> Self {
        self.message = message;
        self
    }

    fn at(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    fn detailing(mut self, details: Value) -> Self {
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

    pub fn unsupported_media_type() -> Self {
        Self::new(Code::UnsupportedMediaType)
    }

    pub fn invalid_json() -> Self {
        Self::new(Code::InvalidJson)
    }

    /// A field of the wrong type or a missing one, as the parser found it.
    pub fn invalid_field(field: String, message: String) -> Self {
        Self::new(Code::InvalidRequest).saying(message).at(field)
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

    /// The message behind its field, for dialects that have no place of its own for the field. Use cases name fields in bgless's
    /// words; `own_name` says how a dialect calls one.
    pub fn sentence(&self, own_name: fn(&str) -> &str) -> String {
        match &self.field {
            Some(field) => format!("{}: {}", own_name(field), self.message),
            None => self.message.clone(),
        }
    }

    pub fn details(&self) -> Option<&Value> {
        self.details.as_deref()
    }

    /// Logs what must not go out.
    pub fn log(&self, request_id: &str) {
        if let Some(internal) = &self.internal {
            log::error("request failed", &[("request.id", &request_id), ("error", internal)]);
        }
    }
}

/// The status that a code is answered with: one for each, whatever the route.
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

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = status(self.code).into_response();
        if response.status() == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(size_bytes) = self.details.as_ref().and_then(|details| details.get("sizeBytes"))
            && let Ok(value) = HeaderValue::from_str(&format!("bytes */{size_bytes}"))
        {
            response.headers_mut().insert(header::CONTENT_RANGE, value);
        }
        if let Some(retry_at_ms) = self.retry_at_ms {
            let seconds = retry_at_ms.as_u64().saturating_sub(clock::now().as_u64()).div_ceil(1_000);
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::MissingApiKey => Self::new(Code::MissingApiKey),
            Error::InvalidApiKey => Self::new(Code::InvalidApiKey),
            Error::RevokedApiKey => Self::new(Code::RevokedApiKey),
            Error::Forbidden => Self::new(Code::Forbidden),
            Error::InvalidRequest { field, message } => Self::new(Code::InvalidRequest).saying(message).at(field),
            Error::ForbiddenUrl { field, refusal } => {
                let message = format!("{} ({refusal})", Code::ForbiddenUrl.meaning());
                Self::new(Code::ForbiddenUrl).saying(message).at(field)
            }
            Error::InvalidFileUrl => Self::new(Code::InvalidFileUrl),
            Error::ExpiredFileUrl => Self::new(Code::ExpiredFileUrl),
            Error::UploadMissing => Self::new(Code::UploadMissing),
            Error::InsufficientCredits { available_credits, required_credits } => Self::new(Code::InsufficientCredits)
                .detailing(json!({ "availableCredits": available_credits, "requiredCredits": required_credits })),
            Error::QuotaExceeded { quota, required_credits, resets_at_ms } => Self {
                retry_at_ms: Some(resets_at_ms),
                ..Self::new(Code::RateLimited)
                    .saying("The key's monthly credit quota does not cover this job.".to_owned())
                    .detailing(json!({
                        "monthlyCredits": quota.monthly_credits,
                        "usedCredits": quota.used_credits,
                        "requiredCredits": required_credits,
                        "resetsAt": resets_at_ms.to_iso_8601(),
                    }))
            },
            Error::RateLimited(usage) => Self {
                retry_at_ms: Some(clock::now().plus_ms(usage.resets_in_ms)),
                ..Self::new(Code::RateLimited)
                    .saying(format!("More than {} {} within a minute.", usage.limit, usage.name))
                    .detailing(json!({ "limit": usage.name, "perMinute": usage.limit }))
            },
            Error::MissingScope(scope) => {
                Self::new(Code::Forbidden).saying(format!("The key lacks the scope `{}`.", scope.as_str()))
            }
            Error::IdempotencyKeyRunning => Self::new(Code::IdempotencyKeyRunning),
            Error::IdempotencyKeyReused => Self::new(Code::IdempotencyKeyReused),
            Error::ModelUnavailable(reason) => Self::new(Code::ModelUnavailable).saying(reason.to_string()).at("model"),
            Error::TooLarge => Self::new(Code::PayloadTooLarge),
            Error::JobNotFound => Self::new(Code::JobNotFound),
            Error::JobNotStartable => Self::new(Code::JobNotStartable),
            Error::JobActive => Self::new(Code::JobActive),
            Error::JobNotCancelable => Self::new(Code::JobNotCancelable),
            Error::WrongFileType { field } => Self::new(Code::UnsupportedMediaType).at(field),
            Error::JobNotReady => Self::new(Code::JobNotReady),
            Error::OutputNotFound => Self::new(Code::OutputNotFound),
            Error::FileNotFound => Self::new(Code::FileNotFound),
            Error::RangeNotSatisfiable { size_bytes } => {
                Self::new(Code::RangeNotSatisfiable).detailing(json!({ "sizeBytes": size_bytes }))
            }
            Error::NoSuchThing(what) => Self::new(Code::NotFound).saying(format!("No such {what}.")),
            Error::Internal(internal) => Self { internal: Some(internal.into()), ..Self::new(Code::Internal) },
        }
    }
}
