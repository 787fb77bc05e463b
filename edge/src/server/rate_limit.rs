//! The layer that counts requests by address and by key, refuses those beyond the limits, and adds
//! the limits' headers.
//!
//! Sources: draft-ietf-httpapi-ratelimit-headers, -10 (`RateLimit`, `RateLimit-Policy`) and -06
//! (`RateLimit-*`).

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::future::join;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use shared::time::UnixMillis;

use super::App;
use super::credential::presented_key;
use super::http_error::HttpError;
use crate::app::ports::Ports as _;
use crate::domain::api_key::KeyHash;
use crate::domain::error::Error;
use crate::domain::rate::{Kind, LimitUsage, RateLimitCheck, WINDOW_MS, address_name};

/// Set by Cloudflare; a client cannot set it.
const ADDRESS_HEADER: &str = "cf-connecting-ip";

/// The rate-limit settings of a mount: which requests count as what, and the headers of responses.
pub struct RateLimitRules {
    /// Suffixes of the paths at which a POST creates or starts a job.
    pub submission_paths: &'static [&'static str],
    /// Prefixes of the paths whose requests are not counted.
    pub uncounted_paths: &'static [&'static str],
    pub headers: RateLimitHeaders,
}

/// Makes the headers of every counted response.
pub type RateLimitHeaders = fn(&RateLimitCheck, now: UnixMillis) -> HeaderMap;

impl RateLimitRules {
    fn kind(&self, method: &Method, path: &str) -> Kind {
        let path = path.strip_suffix('/').unwrap_or(path);
        let submits = *method == Method::POST && self.submission_paths.iter().any(|end| path.ends_with(end));
        if submits { Kind::Submission } else { Kind::Request }
    }

    fn counts(&self, path: &str) -> bool {
        !self.uncounted_paths.iter().any(|uncounted| path.starts_with(uncounted))
    }
}

/// Counts the request while it is being handled: reads need not wait for the count, since their
/// response is dropped if it is beyond a limit; writes do (`Deps::count_request`).
#[worker::send]
pub async fn limit(State(rules): State<&'static RateLimitRules>, App(app): App, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if !rules.counts(path) {
        return next.run(request).await;
    }
    let pending = app.count_request(rules.kind(request.method(), path), client_names(request.headers()));
    let (check, mut response) = join(pending.check(), next.run(request)).await;
    let Some(check) = check else { return response };
    if let Some(usage) = check.exceeded() {
        response = HttpError::from(Error::RateLimited(*usage)).into_response();
    }
    response.headers_mut().extend((rules.headers)(&check, app.now()));
    response
}

/// The names under which a request counts: its address, and its key if it presents one.
fn client_names(headers: &HeaderMap) -> Vec<String> {
    let address = headers.get(ADDRESS_HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let address = format!("address {}", address_name(address));
    let key = presented_key(headers).map(|key| format!("key {}", KeyHash::of(key).as_str()));
    [Some(address), key].into_iter().flatten().collect()
}

/// The names of `draft_headers`.
pub const DRAFT_HEADER_NAMES: [&str; 5] =
    ["ratelimit", "ratelimit-policy", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"];

/// The headers of both drafts.
pub fn draft_headers(check: &RateLimitCheck, _now: UnixMillis) -> HeaderMap {
    let window_s = WINDOW_MS / 1_000;
    let usages = [&check.requests, &check.submissions];
    let policy = |usage: &LimitUsage| format!("\"{}\";q={};w={window_s}", usage.name, usage.limit);
    let state = |usage: &LimitUsage| format!("\"{}\";r={};t={}", usage.name, usage.remaining(), usage.resets_in_s());
    let tightest = check.tightest();
    let lines = [
        ("ratelimit-policy", HeaderValue::try_from(usages.map(policy).join(", "))),
        ("ratelimit", HeaderValue::try_from(usages.map(state).join(", "))),
        ("ratelimit-limit", Ok(tightest.limit.into())),
        ("ratelimit-remaining", Ok(tightest.remaining().into())),
        ("ratelimit-reset", Ok(tightest.resets_in_s().into())),
    ];
    lines.into_iter().filter_map(|(name, value)| Some((HeaderName::from_static(name), value.ok()?))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::rate::{RateLimits, WindowCounts};

    #[test]
    fn a_post_is_a_submission_where_the_path_ends_so() {
        let rules = RateLimitRules { submission_paths: &["/jobs"], uncounted_paths: &["/health"], headers: draft_headers };
        for path in ["/v1/jobs", "/api/v1/jobs", "/v1/jobs/"] {
            assert_eq!(rules.kind(&Method::POST, path), Kind::Submission, "{path}");
            assert_eq!(rules.kind(&Method::GET, path), Kind::Request, "{path}");
        }
        for path in ["/v1/jobs/estimate", "/v1/uploads", "/v1/jobs/job_1"] {
            assert_eq!(rules.kind(&Method::POST, path), Kind::Request, "{path}");
        }
        assert!(rules.counts("/v1/health") && !rules.counts("/health"));
    }

    #[test]
    fn an_address_and_a_key_count_apart() {
        let headers = HeaderMap::from_iter([
            (ADDRESS_HEADER.parse().unwrap(), HeaderValue::from_static("203.0.113.7")),
            ("x-api-key".parse().unwrap(), HeaderValue::from_static("sk_1")),
        ]);
        let key = format!("key {}", KeyHash::of("sk_1").as_str());
        assert_eq!(client_names(&headers), ["address 203.0.113.7".into(), key]);
        assert_eq!(client_names(&HeaderMap::new()), ["address unknown"]);
    }

    #[test]
    fn both_forms_say_the_same() {
        let tally = WindowCounts { requests: 7, submissions: 3, resets_in_ms: 30_001 };
        let check = RateLimitCheck::of(Kind::Submission, RateLimits { requests: 600, submissions: 30 }, &[tally]).unwrap();
        let headers = draft_headers(&check, UnixMillis::new(0));
        for (name, value) in [
            ("ratelimit-policy", "\"requests\";q=600;w=60, \"submissions\";q=30;w=60"),
            ("ratelimit", "\"requests\";r=593;t=31, \"submissions\";r=27;t=31"),
            ("ratelimit-limit", "30"),
            ("ratelimit-remaining", "27"),
            ("ratelimit-reset", "31"),
        ] {
            assert_eq!(headers[name], value, "{name}");
        }
        let named: BTreeSet<_> = headers.keys().map(HeaderName::as_str).collect();
        assert_eq!(named, BTreeSet::from(DRAFT_HEADER_NAMES), "scripts may read each of them");
    }
}
