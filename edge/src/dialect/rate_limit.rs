//! Refuses clients that ask too often, and tells every client how it stands.
//!
//! Sources: draft-ietf-httpapi-ratelimit-headers, -10 (`RateLimit`, `RateLimit-Policy`) and -06 (`RateLimit-*`).

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::future::join;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::App;
use super::credential::presented_key;
use super::refusal::Refusal;
use super::{unscreen, vidgen};
use crate::domain::api_key::KeyHash;
use crate::domain::error::Error;
use crate::domain::rate::{Kind, LimitUsage, RateLimitCheck, WINDOW_MS, address_name};
use crate::platform::clock;

/// Cloudflare's own; a client cannot set it.
const ADDRESS_HEADER: &str = "cf-connecting-ip";
/// Where jobs are created, behind any version.
const SUBMISSION_PATHS: [&str; 3] = ["/jobs", "/alpha-videos", "/v1.0/videos"];
/// What is not counted: transcoders sign their calls, monitors ask for nothing.
const UNCOUNTED_PATHS: [&str; 3] = ["/internal/", "/health", "/api/health"];

/// The names under which a request counts: its address, and its key if it presents one. None for what is not counted.
pub fn names(path: &str, headers: &HeaderMap) -> Option<Vec<String>> {
    if UNCOUNTED_PATHS.iter().any(|uncounted| path.starts_with(uncounted)) {
        return None;
    }
    let address = headers.get(ADDRESS_HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let address = format!("address {}", address_name(address));
    let key = presented_key(headers).map(|key| format!("key {}", KeyHash::of(key).as_str()));
    Some([Some(address), key].into_iter().flatten().collect())
}

/// What kind of request stands at a path.
pub fn kind(method: &Method, path: &str) -> Kind {
    let path = path.strip_suffix('/').unwrap_or(path);
    let submits = *method == Method::POST && SUBMISSION_PATHS.iter().any(|end| path.ends_with(end));
    if submits { Kind::Submission } else { Kind::Request }
}

/// Waits for the verdict while the request is worked on, and lets it decide.
#[worker::send]
pub async fn limit(App(app): App, request: Request, next: Next) -> Response {
    let headers = match request.uri().path() {
        path if path.starts_with(unscreen::PATH) => instant_headers,
        path if vidgen::is_own(path) => older_headers,
        _ => headers,
    };
    let (verdict, mut response) = join(app.admission.verdict(), next.run(request)).await;
    let Some(verdict) = verdict else { return response };
    if let Some(usage) = verdict.exceeded() {
        response = Refusal::from(Error::RateLimited(*usage)).into_response();
    }
    response.headers_mut().extend(headers(&verdict));
    response
}

/// As the family of Unscreen writes them: the reset is an instant, in Unix seconds.
fn instant_headers(verdict: &RateLimitCheck) -> HeaderMap {
    let tightest = verdict.tightest();
    let resets_at_s = clock::now().plus_ms(tightest.resets_in_ms).as_u64().div_ceil(1_000);
    let lines: [(&'static str, HeaderValue); 3] = [
        ("x-ratelimit-limit", tightest.limit.into()),
        ("x-ratelimit-remaining", tightest.remaining().into()),
        ("x-ratelimit-reset", resets_at_s.into()),
    ];
    lines.into_iter().map(|(name, value)| (HeaderName::from_static(name), value)).collect()
}

/// The triple of the older drafts alone: their `RateLimit-Policy` is not that of the newer ones.
fn older_headers(verdict: &RateLimitCheck) -> HeaderMap {
    let mut headers = headers(verdict);
    headers.remove("ratelimit");
    headers.remove("ratelimit-policy");
    headers
}

fn headers(verdict: &RateLimitCheck) -> HeaderMap {
    let window_s = WINDOW_MS / 1_000;
    let usages = [&verdict.requests, &verdict.submissions];
    let policy = |usage: &LimitUsage| format!("\"{}\";q={};w={window_s}", usage.name, usage.limit);
    let state = |usage: &LimitUsage| format!("\"{}\";r={};t={}", usage.name, usage.remaining(), usage.resets_in_s());
    let tightest = verdict.tightest();
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
    use super::*;
    use crate::domain::rate::{RateLimits, WindowCounts};

    #[test]
    fn creations_are_submissions_under_every_name() {
        for path in
            ["/v1/jobs", "/api/v1/jobs", "/v1/alpha-videos", "/api/v1/alpha-videos", "/v1/jobs/", "/v1.0/videos", "/api/jobs"]
        {
            assert_eq!(kind(&Method::POST, path), Kind::Submission, "{path}");
            assert_eq!(kind(&Method::GET, path), Kind::Request, "{path}");
        }
        for path in ["/v1/jobs/estimate", "/v1/uploads", "/v1/jobs/job_1", "/api/jobs/job_1/cancel"] {
            assert_eq!(kind(&Method::POST, path), Kind::Request, "{path}");
        }
    }

    #[test]
    fn an_address_and_a_key_count_apart() {
        let headers = HeaderMap::from_iter([
            (ADDRESS_HEADER.parse().unwrap(), HeaderValue::from_static("203.0.113.7")),
            ("x-api-key".parse().unwrap(), HeaderValue::from_static("sk_1")),
        ]);
        let key = format!("key {}", KeyHash::of("sk_1").as_str());
        assert_eq!(names("/v1/jobs", &headers), Some(vec!["address 203.0.113.7".into(), key]));
        assert_eq!(names("/v1/models", &HeaderMap::new()), Some(vec!["address unknown".into()]));
        assert_eq!(names("/internal/v1/tasks/claim", &headers), None);
    }

    #[test]
    fn both_forms_say_the_same() {
        let counts = WindowCounts { requests: 7, submissions: 3, resets_in_ms: 30_001 };
        let verdict = RateLimitCheck::of(Kind::Submission, RateLimits { requests: 600, submissions: 30 }, &[counts]).unwrap();
        let headers = headers(&verdict);
        for (name, value) in [
            ("ratelimit-policy", "\"requests\";q=600;w=60, \"submissions\";q=30;w=60"),
            ("ratelimit", "\"requests\";r=593;t=31, \"submissions\";r=27;t=31"),
            ("ratelimit-limit", "30"),
            ("ratelimit-remaining", "27"),
            ("ratelimit-reset", "31"),
        ] {
            assert_eq!(headers[name], value, "{name}");
        }
    }
}
