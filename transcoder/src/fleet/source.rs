//! Fetches a source by its URL: the only place that connects to an address that a customer chose.
//!
//! The URL is checked before each request, the redirects included; what its name resolves to is
//! checked at connection.

use std::error::Error as _;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use backon::Retryable;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::LOCATION;
use reqwest::{Response, redirect};
use shared::address::{AllowedHosts, UrlRefusal, check_url, is_public};
use shared::code::JobErrorCode;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use url::Url;

use crate::error::{TaskError, TaskResult};
use crate::fleet::backoff::backoff;

const REDIRECTS_MAX: usize = 5;
/// Retries of a server that fails or times out.
const RETRIES_MAX: usize = 2;
/// First and longest pause before that, before jitter.
/// Units: milliseconds.
const RETRY_PAUSE_MS: u64 = 350;
const RETRY_PAUSE_MS_MAX: u64 = 700;
/// Units: seconds.
const CONNECT_S_MAX: u64 = 10;
/// How long a server may be silent.
/// Units: seconds.
const READ_S_MAX: u64 = 30;

/// Time limit of all attempts together: the largest source at 2.3 MiB a second.
/// Units: seconds.
const FETCH_S_MAX: u64 = 15 * 60;

/// Fetches sources.
#[derive(Debug, Clone)]
pub struct Fetcher {
    client: reqwest::Client,
    allowed: AllowedHosts,
    limit: Duration,
}

/// Why one try failed.
enum FetchError {
    /// Another try may succeed.
    Transient(String),
    /// Another try fails as well.
    Final(TaskError),
}

impl Fetcher {
    /// A fetcher that refuses private addresses other than `allowed`.
    pub fn new(allowed: AllowedHosts) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .user_agent(concat!("bgless-transcoder/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(PublicResolver { allowed: allowed.clone() })
            .redirect(redirect::Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_secs(CONNECT_S_MAX))
            .read_timeout(Duration::from_secs(READ_S_MAX))
            .build()?;
        Ok(Self { client, allowed, limit: Duration::from_secs(FETCH_S_MAX) })
    }

    /// Copies the body at the URL to a file, at most `size_bytes_max` of it. `on_bytes` is called
    /// with the number of bytes received, and of bytes announced, 0 if unknown.
    pub async fn fetch(&self, url: &str, to: &Path, size_bytes_max: u64, on_bytes: impl Fn(u64, u64)) -> TaskResult<()> {
        let Ok(outcome) = tokio::time::timeout(self.limit, self.fetch_with_retries(url, to, size_bytes_max, on_bytes)).await
        else {
            return Err(unreachable_source(format!("not whole within {:?}", self.limit)));
        };
        outcome
    }

    async fn fetch_with_retries(&self, url: &str, to: &Path, size_bytes_max: u64, on_bytes: impl Fn(u64, u64)) -> TaskResult<()> {
        let (first, longest) = (Duration::from_millis(RETRY_PAUSE_MS), Duration::from_millis(RETRY_PAUSE_MS_MAX));
        let fetched = (|| self.attempt(url, to, size_bytes_max, &on_bytes))
            .retry(backoff(first, longest).with_max_times(RETRIES_MAX))
            .when(|error| matches!(error, FetchError::Transient(_)))
            .notify(|error, _| {
                if let FetchError::Transient(detail) = error {
                    tracing::info!(detail, "the source did not answer; trying again");
                }
            });
        fetched.await.map_err(|error| match error {
            FetchError::Transient(detail) => unreachable_source(detail),
            FetchError::Final(error) => error,
        })
    }

    async fn attempt(&self, url: &str, to: &Path, size_bytes_max: u64, on_bytes: &impl Fn(u64, u64)) -> Result<(), FetchError> {
        let mut response = self.follow(url).await?;
        let announced = response.content_length().unwrap_or_default();
        if announced > size_bytes_max {
            return Err(FetchError::Final(too_large(size_bytes_max)));
        }
        let disk = |error| FetchError::Final(TaskError::disk("writing the source", &error));
        let mut file = File::create(to).await.map_err(disk)?;
        let mut received = 0;
        while let Some(chunk) = response.chunk().await.map_err(classify)? {
            received += chunk.len() as u64;
            if received > size_bytes_max {
                return Err(FetchError::Final(too_large(size_bytes_max)));
            }
            file.write_all(&chunk).await.map_err(disk)?;
            on_bytes(received, announced);
        }
        file.flush().await.map_err(disk)
    }

    async fn follow(&self, url: &str) -> Result<Response, FetchError> {
        let mut next = check_url(url, &self.allowed).map_err(refused)?;
        for _ in 0..=REDIRECTS_MAX {
            let response = self.client.get(next.clone()).send().await.map_err(classify)?;
            let status = response.status();
            if status.is_server_error() {
                return Err(FetchError::Transient(format!("answered {status}")));
            }
            if !status.is_redirection() {
                let answered = || FetchError::Final(unreachable_source(format!("answered {status}")));
                return if status.is_success() { Ok(response) } else { Err(answered()) };
            }
            next = self.redirected(&next, &response)?;
        }
        Err(FetchError::Final(forbidden(format!("The source's address redirects more than {REDIRECTS_MAX} times."))))
    }

    fn redirected(&self, from: &Url, response: &Response) -> Result<Url, FetchError> {
        let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
        let target = location.and_then(|location| from.join(location).ok());
        let target = target.ok_or_else(|| FetchError::Final(unreachable_source("redirects to nowhere".to_owned())))?;
        check_url(target.as_str(), &self.allowed).map_err(refused)
    }
}

/// Resolves names to public addresses alone, at the moment of connecting, so that a name that
/// changes between the check and the connection (DNS rebinding) gains nothing.
#[derive(Debug)]
struct PublicResolver {
    allowed: AllowedHosts,
}

/// A name whose every address is private.
#[derive(Debug, thiserror::Error)]
#[error("the name resolves to no public address")]
struct NoPublicAddress;

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let any = self.allowed.contains_host(&host);
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host, 0)).await?.collect();
            let fit: Vec<SocketAddr> = found.into_iter().filter(|address| any || is_public(address.ip())).collect();
            if fit.is_empty() {
                return Err(NoPublicAddress.into());
            }
            Ok(Box::new(fit.into_iter()) as Addrs)
        })
    }
}

fn classify(error: reqwest::Error) -> FetchError {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if inner.is::<NoPublicAddress>() {
            return refused(UrlRefusal::Private);
        }
        cause = inner.source();
    }
    // Without its URL: a source may carry a secret in its query.
    FetchError::Transient(error.without_url().to_string())
}

fn refused(refusal: UrlRefusal) -> FetchError {
    FetchError::Final(forbidden(format!("The source's address, or one it redirects to, is refused: {refusal}.")))
}

fn forbidden(message: String) -> TaskError {
    TaskError::permanent(JobErrorCode::SourceForbidden, message)
}

fn unreachable_source(detail: String) -> TaskError {
    TaskError::with_detail(JobErrorCode::SourceUnreachable, detail)
}

fn too_large(size_bytes_max: u64) -> TaskError {
    let limit_mib = size_bytes_max / 1024 / 1024;
    TaskError::permanent(JobErrorCode::SourceTooLarge, format!("The source has more than {limit_mib} MiB."))
}

#[cfg(test)]
mod tests;
