//! Calls to the edge: claim, report, announcement and check, signed.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap};
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use shared::matting::{MODELS_PATH, MattingModelReport};
use shared::report::{CHECK_PATH, CLAIM_PATH, CheckAnswer, Claim, ClaimAnswer, REPORT_PATH, Report, ReportAnswer};
use shared::signature::{SIGNATURE_HEADER, TIMESTAMP_HEADER, sign_call};
use url::Url;

use crate::fleet::config::Secret;

/// Time limit of one call, so that a slow call does not delay the next heartbeat.
/// Units: seconds.
const CALL_S_MAX: u64 = 10;

/// A call without a valid answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// None came, or the edge failed. It may or may not have processed the call.
    #[error("no answer from the edge: {0}")]
    Unanswered(String),
    /// The secret or the clock was not accepted.
    #[error("the edge does not accept the secret or the clock: {0}")]
    Forbidden(String),
    /// The call itself was refused; another try fails as well.
    #[error("the edge refused a call: {0}")]
    Refused(String),
}

/// Port: the calls to the edge that a task makes.
pub trait Edge: Send + Sync {
    /// Claims a task.
    fn claim(&self, claim: &Claim) -> impl Future<Output = Result<ClaimAnswer, CallError>> + Send;
    /// Reports progress or the end of an attempt.
    fn report(&self, report: &Report) -> impl Future<Output = Result<ReportAnswer, CallError>> + Send;
}

/// The real edge.
#[derive(Debug, Clone)]
pub struct EdgeClient {
    client: reqwest::Client,
    base_url: Url,
    secret: Secret,
    /// The edge's clock less this machine's, as of the last answer.
    /// Units: seconds.
    skew_s: Arc<AtomicI64>,
}

impl EdgeClient {
    /// A client of the edge at this address.
    pub fn new(base_url: Url, secret: Secret) -> Result<Self, reqwest::Error> {
        let builder =
            reqwest::Client::builder().timeout(Duration::from_secs(CALL_S_MAX)).redirect(reqwest::redirect::Policy::none());
        Ok(Self { client: builder.build()?, base_url, secret, skew_s: Arc::default() })
    }

    /// Says which matting models this member of the fleet has.
    pub async fn announce(&self, announcement: &MattingModelReport) -> Result<(), CallError> {
        self.call::<IgnoredAny>(MODELS_PATH, announcement).await.map(|_| ())
    }

    /// Asks whether the edge accepts the secret and the clock.
    pub async fn check(&self) -> Result<(), CallError> {
        let answer: CheckAnswer = self.call(CHECK_PATH, &serde_json::json!({})).await?;
        self.note_edge_time(i64::try_from(answer.now_ms.as_secs()).ok());
        Ok(())
    }

    /// The edge's clock less this machine's, as of the last answer.
    /// Units: seconds.
    pub fn skew_s(&self) -> i64 {
        self.skew_s.load(Ordering::Relaxed)
    }

    fn note_edge_time(&self, edge_s: Option<i64>) {
        if let Some(edge_s) = edge_s {
            self.skew_s.store(edge_s - now_s(), Ordering::Relaxed);
        }
    }

    /// Signs with the edge's time, so that a clock that jumps during a task does not cost its
    /// result.
    async fn call<A: DeserializeOwned>(&self, path: &str, message: &(impl Serialize + Sync)) -> Result<A, CallError> {
        let refused = |error: &dyn std::fmt::Display| CallError::Refused(error.to_string());
        let unanswered = |error: reqwest::Error| CallError::Unanswered(error.without_url().to_string());
        let body = serde_json::to_vec(message).map_err(|error| refused(&error))?;
        let url = self.base_url.join(path).map_err(|error| refused(&error))?;
        let timestamp_s = u64::try_from(now_s().saturating_add(self.skew_s())).unwrap_or_default();
        let signature = sign_call(self.secret.expose().as_bytes(), timestamp_s, &body);
        let request = self.client.post(url).header(CONTENT_TYPE, "application/json");
        let request = request.header(TIMESTAMP_HEADER, timestamp_s).header(SIGNATURE_HEADER, signature);
        let answer = request.body(body).send().await.map_err(unanswered)?;
        let status = answer.status();
        self.note_edge_time(date_s(answer.headers()));
        let bytes = answer.bytes().await.map_err(unanswered)?;
        if status.is_success() {
            return serde_json::from_slice(&bytes)
                .map_err(|error| CallError::Unanswered(format!("{path} answered what is no answer: {error}")));
        }
        let start: String = String::from_utf8_lossy(&bytes).chars().take(200).collect();
        let detail = format!("{path} answered {status}: {start}");
        Err(match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => CallError::Forbidden(detail),
            StatusCode::BAD_REQUEST | StatusCode::CONFLICT | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY => {
                CallError::Refused(detail)
            }
            // Also 404: while a deployment or a proxy changes, another program may answer.
            _ => CallError::Unanswered(detail),
        })
    }
}

impl Edge for EdgeClient {
    async fn claim(&self, claim: &Claim) -> Result<ClaimAnswer, CallError> {
        self.call(CLAIM_PATH, claim).await
    }

    async fn report(&self, report: &Report) -> Result<ReportAnswer, CallError> {
        self.call(REPORT_PATH, report).await
    }
}

/// This machine's clock.
fn now_s() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or_default()
}

/// The time in the `Date` header, if there is one.
fn date_s(headers: &HeaderMap) -> Option<i64> {
    let date = headers.get(DATE)?.to_str().ok()?;
    DateTime::from_str(date, DateTimeFormat::HttpDate).ok().map(|date| date.secs())
}
