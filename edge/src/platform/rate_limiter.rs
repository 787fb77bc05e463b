//! Counts of clients, each in the memory of a Durable Object. Nothing is stored: the count of an
//! object that was evicted starts again from zero.

use std::cell::RefCell;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{Either, join_all, select};
use worker::send::SendFuture;
use worker::{Delay, DurableObject, Env, ObjectNamespace, Request, Response, Result, State, durable_object, wasm_bindgen};

use super::{clock, log};
use crate::app::pending_rate_limit::PendingRateLimit;
use crate::domain::rate::{Kind, RateLimitCheck, RateLimits, Window, WindowCounts};

/// A count that takes longer is ignored: rate limits must not stop the service.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);
/// The response header that carries the counts.
const COUNTS_HEADER: &str = "counts";
/// The request to an object: its path names the kind of request to count. The host means nothing.
const REQUEST_URL: &str = "https://rate-limiter/request";
const SUBMISSION_URL: &str = "https://rate-limiter/submission";

/// One client's count.
#[durable_object]
pub struct RateLimiter {
    window: RefCell<Window>,
}

impl DurableObject for RateLimiter {
    fn new(_state: State, _env: Env) -> Self {
        Self { window: RefCell::default() }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        let kind = if request.inner().url() == SUBMISSION_URL { Kind::Submission } else { Kind::Request };
        let WindowCounts { requests, submissions, resets_in_ms } = self.window.borrow_mut().count(kind, clock::now());
        let mut response = Response::empty()?;
        response.headers_mut().set(COUNTS_HEADER, &format!("{requests} {submissions} {resets_in_ms}"))?;
        Ok(response)
    }
}

/// Begins to count a request of the clients with these names. It goes on while the key is looked
/// up.
pub fn begin_to_count(objects: &'static ObjectNamespace, limits: RateLimits, kind: Kind, names: Vec<String>) -> PendingRateLimit {
    let check = async move {
        let all_counts = join_all(names.iter().map(|name| count(objects, kind, name)));
        let all_counts = match select(std::pin::pin!(all_counts), std::pin::pin!(Delay::from(ANSWER_WITHIN))).await {
            Either::Left((all_counts, _)) => all_counts,
            Either::Right(_) => vec![Err("no answer in time".into())],
        };
        let counted: Vec<_> = all_counts.iter().filter_map(|counts| counts.as_ref().ok().copied()).collect();
        if let Some(error) = all_counts.iter().find_map(|counts| counts.as_ref().err()) {
            log::warn("a request was not counted", &[("error", error)]);
        }
        RateLimitCheck::of(kind, limits, &counted)
    };
    PendingRateLimit::of(SendFuture::new(check).boxed())
}

async fn count(objects: &ObjectNamespace, kind: Kind, name: &str) -> Result<WindowCounts> {
    let url = match kind {
        Kind::Request => REQUEST_URL,
        Kind::Submission => SUBMISSION_URL,
    };
    let response = objects.get_by_name(name)?.fetch_with_str(url).await?;
    let text = response.headers().get(COUNTS_HEADER)?.unwrap_or_default();
    parse_counts(&text).ok_or_else(|| "an object answered no counts".into())
}

fn parse_counts(text: &str) -> Option<WindowCounts> {
    let mut numbers = text.split(' ');
    let counts = WindowCounts {
        requests: numbers.next()?.parse().ok()?,
        submissions: numbers.next()?.parse().ok()?,
        resets_in_ms: numbers.next()?.parse().ok()?,
    };
    numbers.next().is_none().then_some(counts)
}
