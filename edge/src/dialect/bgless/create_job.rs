//! The bgless API's route that creates a job: done once per `Idempotency-Key`, answered now or when the job is over.

use axum::body::Bytes;
use axum::extract::OriginalUri;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode, header};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::map;
use super::wire::{CreateJobIn, CreateJobQuery, Data, IdempotencyHeader, JobOut};
use crate::app::idempotency::{self, Begun};
use crate::app::ports::{JobStore as _, Ports};
use crate::app::{authenticate, submit_job, wait_for_job};
use crate::deps::Deps;
use crate::dialect::credential::{Credential, after_key};
use crate::dialect::extract::{JsonText, QueryOf, parse};
use crate::dialect::refusal::{Answer, Refusal};
use crate::dialect::removebgvideo::wire::JobIn;
use crate::dialect::{App, refusals, removebgvideo, request_id};
use crate::domain::api_key::Caller;
use crate::domain::dialect::Dialect;
use crate::domain::error::Error;
use crate::domain::idempotency::IdempotencyKey;
use crate::domain::job::Job;
use crate::domain::scope::Scope;

const HEADER: &str = "idempotency-key";

/// Create a job
///
/// Reserves the price, creates the job and queues it, all or nothing. Unless `wait=true` says otherwise the answer comes at
/// once; ask `pollUrl`, or name a `callbackUrl`, to learn when the job is over.
#[utoipa::path(
    post,
    path = "",
    operation_id = "createJob",
    tag = "Jobs",
    security(("bearer" = ["jobs"]), ("apiKey" = ["jobs"])),
    params(CreateJobQuery, IdempotencyHeader),
    request_body = CreateJobIn,
    responses(
        (status = 200, description = "The job is over: it ended within `timeout`.", body = Data<JobOut>),
        (status = 202, description = "The job is created; `pollUrl` says how it goes.", body = Data<JobOut>),
        refusals::CreateJob
    )
)]
#[worker::send]
pub async fn post_job(
    App(app): App,
    OriginalUri(uri): OriginalUri,
    Credential(key): Credential,
    query: Result<QueryOf<CreateJobQuery>, Refusal>,
    headers: HeaderMap,
    JsonText(body): JsonText,
) -> Answer<Response> {
    let QueryOf(query) = after_key(&app, &key, query).await?;
    let request = Request { query, body, started_at_ms: app.now(), named_by_caller: request_id::callers(&headers) };
    let Some(value) = headers.get(HEADER) else {
        let caller = authenticate::authenticate(&*app, &key, Scope::Jobs).await?;
        return Ok(answer(create(&app, caller, request, None).await?));
    };
    let text = value.to_str().unwrap_or_default();
    let idempotency = after_key(&app, &key, IdempotencyKey::parse(text, uri.path(), &request.body)).await?;
    let (caller, begun) = idempotency::begin(&*app, &key, &idempotency).await?;
    if !matches!(begun, Begun::First) {
        // A repeat must be well-formed too.
        map::wait_ms(&request.query)?;
    }
    match begun {
        Begun::Answered(text) => Ok(answer(Created::from_kept(&text)?)),
        Begun::Created(id) => {
            let job = app.store().find_job(id).await?.ok_or(Error::JobNotFound)?;
            Ok(answer(Created::of(&app, &job)?))
        }
        Begun::First => match create(&app, caller, request, Some(&idempotency)).await {
            Ok(created) => {
                idempotency::finish(&*app, caller, &idempotency, &created.to_kept()).await;
                Ok(answer(created))
            }
            Err(refusal) => {
                idempotency::abandon(&*app, caller, &idempotency).await;
                Err(refusal)
            }
        },
    }
}

struct Request {
    query: CreateJobQuery,
    body: Bytes,
    started_at_ms: shared::time::UnixMillis,
    /// The caller's own name for it.
    named_by_caller: Option<String>,
}

async fn create(app: &Deps, caller: Caller, request: Request, idempotency: Option<&IdempotencyKey>) -> Answer<Created> {
    let wait_ms = map::wait_ms(&request.query)?;
    if let Shape { input: None, video_url: Some(_) } = parse::<Shape>(&request.body)? {
        let body = parse::<JobIn>(&request.body)?;
        let job = removebgvideo::jobs::create(app, caller, body, request.named_by_caller, idempotency).await?;
        return Ok(Created::of(app, &job)?);
    }
    let job = map::job_request(parse::<CreateJobIn>(&request.body)?)?;
    let job = submit_job::submit_job(app, caller, job, idempotency).await?;
    let job = match wait_ms {
        Some(timeout_ms) => wait_for_job::wait_for_job(app, job, request.started_at_ms, timeout_ms).await?,
        None => job,
    };
    Ok(Created::of(app, &job)?)
}

/// What tells this API's requests from RemoveBGVideo's, which come to the same path.
#[derive(Deserialize)]
struct Shape {
    input: Option<IgnoredAny>,
    video_url: Option<IgnoredAny>,
}

/// An answer to a creation: 200 when the job is over, 202 while it is not.
struct Created {
    over: bool,
    body: String,
}

impl Created {
    fn of(app: &Deps, job: &Job) -> Result<Self, Error> {
        match job.dialect {
            Dialect::Removebgvideo => Self::written(true, &removebgvideo::map::job_out(app, job)),
            Dialect::Bgless | Dialect::Unscreen | Dialect::Vidgen => {
                Self::written(job.state.is_over(), &Data { data: map::job_out(app, job) })
            }
        }
    }

    fn written(over: bool, answer: &impl Serialize) -> Result<Self, Error> {
        let body = serde_json::to_string(answer);
        let body = body.map_err(|error| Error::Internal(format!("cannot write an answer: {error}")))?;
        Ok(Self { over, body })
    }

    /// As it is kept: one character for the status, then the body.
    fn to_kept(&self) -> String {
        format!("{}{}", if self.over { '+' } else { '-' }, self.body)
    }

    fn from_kept(text: &str) -> Result<Self, Error> {
        let mut chars = text.chars();
        let over = chars.next() == Some('+');
        let body = chars.as_str().to_owned();
        // Whatever is wrong with it is ours, and must not go out as if it were JSON.
        serde_json::from_str::<Value>(&body).map_err(|error| Error::Internal(format!("a kept answer is damaged: {error}")))?;
        Ok(Self { over, body })
    }
}

fn answer(created: Created) -> Response {
    let status = if created.over { StatusCode::OK } else { StatusCode::ACCEPTED };
    (status, [(header::CONTENT_TYPE, "application/json")], created.body).into_response()
}
