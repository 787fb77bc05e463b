//! Counts of clients, each in a Durable Object's memory: nothing is stored, so an object that sleeps begins anew.

use std::cell::RefCell;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{Either, join_all, select};
use worker::send::SendFuture;
use worker::{Delay, DurableObject, Env, ObjectNamespace, Request, Response, Result, State, durable_object, wasm_bindgen};

use super::{clock, log};
use crate::app::admission::Admission;
use crate::domain::rate::{Kind, RateLimits, Tally, Verdict, Window};

/// A count that takes longer is not waited for: limits protect, they must not stop the service.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);
/// What an object answers by.
const TALLY_HEADER: &str = "tally";
/// What an object is asked with: its path says what kind of request is counted. The host means nothing.
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
        let Tally { requests, submissions, resets_in_ms } = self.window.borrow_mut().count(kind, clock::now());
        let mut response = Response::empty()?;
        response.headers_mut().set(TALLY_HEADER, &format!("{requests} {submissions} {resets_in_ms}"))?;
        Ok(response)
    }
}

/// Begins to count a request of the clients with these names. It goes on while the key is looked up.
pub fn ask(objects: &'static ObjectNamespace, limits: RateLimits, kind: Kind, names: Vec<String>) -> Admission {
    let verdict = async move {
        let tallies = join_all(names.iter().map(|name| count(objects, kind, name)));
        let tallies = match select(std::pin::pin!(tallies), std::pin::pin!(Delay::from(ANSWER_WITHIN))).await {
            Either::Left((tallies, _)) => tallies,
            Either::Right(_) => vec![Err("no answer in time".into())],
        };
        let counted: Vec<_> = tallies.iter().filter_map(|tally| tally.as_ref().ok().copied()).collect();
        if let Some(error) = tallies.iter().find_map(|tally| tally.as_ref().err()) {
            log::warn("a request was not counted", &[("error", error)]);
        }
        Verdict::of(kind, limits, &counted)
    };
    Admission::of(SendFuture::new(verdict).boxed())
}

async fn count(objects: &ObjectNamespace, kind: Kind, name: &str) -> Result<Tally> {
    let url = match kind {
        Kind::Request => REQUEST_URL,
        Kind::Submission => SUBMISSION_URL,
    };
    let response = objects.get_by_name(name)?.fetch_with_str(url).await?;
    let text = response.headers().get(TALLY_HEADER)?.unwrap_or_default();
    parse_tally(&text).ok_or_else(|| "an object answered no tally".into())
}

fn parse_tally(text: &str) -> Option<Tally> {
    let mut numbers = text.split(' ');
    let tally = Tally {
        requests: numbers.next()?.parse().ok()?,
        submissions: numbers.next()?.parse().ok()?,
        resets_in_ms: numbers.next()?.parse().ok()?,
    };
    numbers.next().is_none().then_some(tally)
}
