//! Routes that create something once per `Idempotency-Key`: a repeat gets the response of the first
//! request.

use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode, header};
use serde::Serialize;
use serde_json::Value;

use super::credential::after_key;
use super::http_error::{HttpError, HttpResult};
use super::write_json;
use crate::app::authenticate;
use crate::app::idempotency::{self, BeginOutcome};
use crate::app::ports::{JobStore as _, Ports as _};
use crate::deps::Deps;
use crate::domain::api_key::{Caller, KeyHash};
use crate::domain::error::Error;
use crate::domain::idempotency::IdempotencyKey;
use crate::domain::job::Job;
use crate::domain::scope::Scope;

const HEADER: &str = "idempotency-key";

/// A request that creates a job.
pub struct Creation<'a> {
    pub key: &'a KeyHash,
    pub headers: &'a HeaderMap,
    /// Path and body make up the fingerprint of the request.
    pub path: &'a str,
    pub body: &'a [u8],
}

/// Creates a job with `create`, unless a request with the same `Idempotency-Key` did; `render`
/// makes the response.
/// Errors: those of `create`, `IdempotencyKeyRunning`, `IdempotencyKeyReused`.
pub async fn create_once(
    app: &Deps,
    creation: &Creation<'_>,
    render: fn(&Deps, &Job) -> Result<CreatedResponse, Error>,
    create: impl AsyncFnOnce(Caller, Option<&IdempotencyKey>) -> HttpResult<Job>,
) -> HttpResult<Response> {
    let Creation { key, headers, path, body } = creation;
    let Some(value) = headers.get(HEADER) else {
        let caller = authenticate::authenticate(app, key, Scope::Jobs).await?;
        return Ok(render(app, &create(caller, None).await?)?.into_response());
    };
    let text = value.to_str().unwrap_or_default();
    let idempotency = after_key(app, key, Scope::Jobs, IdempotencyKey::parse(text, path, body)).await?;
    let (caller, begun) = idempotency::begin(app, key, &idempotency).await?;
    match begun {
        BeginOutcome::Answered(text) => Ok(CreatedResponse::from_stored(&text)?.into_response()),
        BeginOutcome::Created(id) => {
            let job = app.store().find_job(id).await?.ok_or(Error::JobNotFound)?;
            Ok(render(app, &job)?.into_response())
        }
        BeginOutcome::First => {
            let created = match create(caller, Some(&idempotency)).await {
                Ok(job) => render(app, &job).map_err(HttpError::from),
                Err(error) => Err(error),
            };
            match &created {
                Ok(response) => idempotency::finish(app, caller, &idempotency, &response.to_stored()).await,
                Err(_) => idempotency::abandon(app, caller, &idempotency).await,
            }
            created.map(CreatedResponse::into_response)
        }
    }
}

/// The response to a creation: 200 or 202, and a JSON body.
pub struct CreatedResponse {
    is_accepted: bool,
    body: String,
}

impl CreatedResponse {
    /// Status 200.
    pub fn ok(body: &impl Serialize) -> Result<Self, Error> {
        Self::new(false, body)
    }

    /// Status 202.
    pub fn accepted(body: &impl Serialize) -> Result<Self, Error> {
        Self::new(true, body)
    }

    fn new(is_accepted: bool, body: &impl Serialize) -> Result<Self, Error> {
        Ok(Self { is_accepted, body: write_json(body)? })
    }

    /// The text that is stored for repeats: one character for the status, then the body.
    fn to_stored(&self) -> String {
        format!("{}{}", if self.is_accepted { '-' } else { '+' }, self.body)
    }

    fn from_stored(text: &str) -> Result<Self, Error> {
        let mut chars = text.chars();
        let is_accepted = chars.next() != Some('+');
        let body = chars.as_str().to_owned();
        // A damaged text must not be sent as if it were JSON.
        serde_json::from_str::<Value>(&body)
            .map_err(|error| Error::Internal(format!("a stored response is damaged: {error}")))?;
        Ok(Self { is_accepted, body })
    }

    fn into_response(self) -> Response {
        let status = if self.is_accepted { StatusCode::ACCEPTED } else { StatusCode::OK };
        (status, [(header::CONTENT_TYPE, "application/json")], self.body).into_response()
    }
}
