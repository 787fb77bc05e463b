//! Calls to the edge: claim, report and announcement, signed.

use std::future::Future;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::header::CONTENT_TYPE;
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use shared::matting::{MODELS_PATH, MattingModelReport};
use shared::report::{CLAIM_PATH, Claim, ClaimAnswer, REPORT_PATH, Report, ReportAnswer};
use shared::signature::{SIGNATURE_HEADER, TIMESTAMP_HEADER, sign_call};
use url::Url;

use crate::fleet::config::Secret;

/// Time limit of one call, so that a slow call does not delay the next heartbeat.
/// Units: seconds.
const CALL_S_MAX: u64 = 10;

/// A call without a valid answer. The edge may or may not have processed it.
#[derive(Debug, thiserror::Error)]
#[error("call to the edge: {0}")]
pub struct CallError(pub String);

/// Port: the calls to the edge that a task makes.
pub trait Edge: Sync {
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
}

impl EdgeClient {
    /// A client of the edge at this address.
    pub fn new(base_url: Url, secret: Secret) -> Result<Self, CallError> {
        let builder =
            reqwest::Client::builder().timeout(Duration::from_secs(CALL_S_MAX)).redirect(reqwest::redirect::Policy::none());
        let client = builder.build().map_err(|error| CallError(error.to_string()))?;
        Ok(Self { client, base_url, secret })
    }

    /// Says which matting models this member of the fleet has.
    pub async fn announce(&self, announcement: &MattingModelReport) -> Result<(), CallError> {
        self.call::<IgnoredAny>(MODELS_PATH, announcement).await.map(|_| ())
    }

    async fn call<A: DeserializeOwned>(&self, path: &str, message: &(impl Serialize + Sync)) -> Result<A, CallError> {
        let told = |error: reqwest::Error| CallError(error.without_url().to_string());
        let body = serde_json::to_vec(message).map_err(|error| CallError(error.to_string()))?;
        let url = self.base_url.join(path).map_err(|error| CallError(error.to_string()))?;
        let timestamp_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let signature = sign_call(self.secret.expose().as_bytes(), timestamp_s, &body);
        let request = self.client.post(url).header(CONTENT_TYPE, "application/json");
        let request = request.header(TIMESTAMP_HEADER, timestamp_s).header(SIGNATURE_HEADER, signature);
        let answer = request.body(body).send().await.map_err(told)?;
        let status = answer.status();
        let bytes = answer.bytes().await.map_err(told)?;
        if !status.is_success() {
            let start: String = String::from_utf8_lossy(&bytes).chars().take(200).collect();
            return Err(CallError(format!("{path} answered {status}: {start}")));
        }
        serde_json::from_slice(&bytes).map_err(|error| CallError(format!("{path} answered what is no answer: {error}")))
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
