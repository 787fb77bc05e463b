//! Rate limits on requests and submissions: the headers of every response, and the errors beyond
//! the limit.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::snapshot::check;
use serde_json::{Value, json};
use tests::http::Answer;
use tests::raw_http::{assert_error, send};
use tests::stack::shared::SharedStack;
use tests::stack::{Stack, StackOptions};
use tests::test_account::TestAccount;
use ureq::Body;
use ureq::http::Response;

static STACK: SharedStack = SharedStack::new();

const REQUESTS: u32 = 60;
const SUBMISSIONS: u32 = 3;

fn options() -> StackOptions {
    let vars = [("REQUESTS_PER_MINUTE", REQUESTS), ("SUBMISSIONS_PER_MINUTE", SUBMISSIONS)];
    let edge_vars = vars.map(|(name, limit)| (name.to_owned(), limit.to_string())).into();
    StackOptions { edge_vars, ..StackOptions::default() }
}

/// Sends a request from an address of its own, so that tests do not share a count.
fn call(stack: &Stack, address: &str, method: &str, path: &str, key: &str, body: &str) -> Response<Body> {
    let headers = [("cf-connecting-ip", address), ("x-api-key", key), ("content-type", "application/json")];
    send(method, &format!("{}{path}", stack.base_url()), &headers, body.as_bytes())
}

fn number(response: &Response<Body>, name: &str) -> u32 {
    response.headers()[name].to_str().unwrap().parse().unwrap()
}

fn video_job() -> String {
    json!({ "input": { "mode": "video", "videoUrl": "https://example.com/a.mp4" } }).to_string()
}

#[test]
fn every_response_has_rate_limit_headers_in_both_forms() {
    STACK.with(options(), |stack| {
        let account = TestAccount::create(stack, 10).unwrap();
        let paths = [
            ("/v1/credits", 200),
            ("/v1/jobs/job_1", 404),
            ("/v1/nothing", 404),
            ("/v1/credits?x=%ff", 200),
            ("/v1/models", 200),
        ];
        for (index, (path, status)) in (1..).zip(paths) {
            let response = call(stack, "203.0.113.1", "GET", path, &account.key, "");
            assert_eq!(response.status().as_u16(), status, "{path}");
            assert_eq!(number(&response, "ratelimit-limit"), REQUESTS);
            let (remaining, reset) = (number(&response, "ratelimit-remaining"), number(&response, "ratelimit-reset"));
            assert_eq!(remaining, REQUESTS - index, "{path}");
            assert!((1..=60).contains(&reset), "{reset}");
            let state = format!("\"requests\";r={remaining};t={reset}, \"submissions\";r={SUBMISSIONS};t={reset}");
            assert_eq!(response.headers()["ratelimit"], state);
            assert_eq!(response.headers()["ratelimit-policy"], "\"requests\";q=60;w=60, \"submissions\";q=3;w=60");
        }
        // Requests with a wrong key count; those of transcoders and monitors do not.
        let response = call(stack, "203.0.113.1", "GET", "/v1/credits", "sk_wrong", "");
        assert_eq!((response.status().as_u16(), number(&response, "ratelimit-remaining")), (401, REQUESTS - 6));
        for path in ["/health", "/internal/v1/tasks/claim"] {
            assert!(!call(stack, "203.0.113.1", "POST", path, "", "{}").headers().contains_key("ratelimit"), "{path}");
        }
    });
}

#[test]
fn unscreens_clients_get_its_rate_limit_headers() {
    STACK.with(options(), |stack| {
        let account = TestAccount::create(stack, 1_000).unwrap();
        let body = json!({ "video_url": "https://example.com/a.mp4" }).to_string();
        let submit = || call(stack, "203.0.113.9", "POST", "/v1.0/videos", &account.key, &body);
        for remaining in (0..SUBMISSIONS).rev() {
            let response = submit();
            assert_eq!((response.status().as_u16(), number(&response, "x-ratelimit-remaining")), (200, remaining));
            let now_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
            let resets_at_s = response.headers()["x-ratelimit-reset"].to_str().unwrap().parse::<u64>().unwrap();
            assert!(resets_at_s.abs_diff(now_s + 30) <= 32, "{resets_at_s} {now_s}");
        }
        let balance = account.balance().unwrap();
        check("unscreen", "too_many_requests", stack.base_url(), submit());
        assert_eq!(account.balance().unwrap(), balance);
    });
}

#[test]
fn vidgens_clients_get_its_three_rate_limit_headers() {
    STACK.with(options(), |stack| {
        let account = TestAccount::create(stack, 1_000).unwrap();
        let submit = || call(stack, "203.0.113.11", "POST", "/api/jobs", &account.key, "{}");
        for _ in 0..SUBMISSIONS {
            assert_eq!(submit().status().as_u16(), 400);
        }
        check("vidgen", "too_many_requests", stack.base_url(), submit());
        assert!(!call(stack, "203.0.113.11", "GET", "/api/health", "", "").headers().contains_key("ratelimit-limit"));
    });
}

#[test]
fn removebgvideos_clients_get_its_rate_limit_error() {
    STACK.with(options(), |stack| {
        let account = TestAccount::create(stack, 1_000).unwrap();
        let body = json!({ "video_url": "https://example.com/a.mp4", "auto_start": false }).to_string();
        let submit = || call(stack, "203.0.113.10", "POST", "/v1/jobs", &account.key, &body);
        for _ in 0..SUBMISSIONS {
            assert_eq!(submit().status().as_u16(), 200);
        }
        check("removebgvideo", "too_many_requests", stack.base_url(), submit());
    });
}

#[test]
fn a_submission_beyond_the_limit_creates_nothing_and_costs_nothing() {
    STACK.with(options(), |stack| {
        let account = TestAccount::create(stack, 1_000).unwrap();
        let submit = |address, path| call(stack, address, "POST", path, &account.key, &video_job());
        for path in ["/v1/jobs", "/api/v1/jobs", "/v1/alpha-videos"] {
            assert_eq!(submit("203.0.113.2", path).status().as_u16(), 202);
        }
        let balance = account.balance().unwrap();
        let response = submit("203.0.113.2", "/api/v1/alpha-videos");
        let (reset, retry_after) = (number(&response, "ratelimit-reset"), number(&response, "retry-after"));
        assert!(retry_after >= reset && retry_after <= 61, "{retry_after} {reset}");
        assert_eq!((number(&response, "ratelimit-limit"), number(&response, "ratelimit-remaining")), (SUBMISSIONS, 0));
        let error = assert_error(response, 429, "rate_limited");
        assert_eq!(error["details"], json!({ "limit": "submissions", "perMinute": SUBMISSIONS }));
        // The key is limited from any address, and the address with any key.
        assert_error(submit("203.0.113.3", "/v1/jobs"), 429, "rate_limited");
        let other = TestAccount::create(stack, 100).unwrap();
        assert_error(call(stack, "203.0.113.2", "POST", "/v1/jobs", &other.key, &video_job()), 429, "rate_limited");
        assert_eq!((account.balance().unwrap(), other.balance().unwrap()), (balance, 100));
        // Reads still work.
        let list: Value = Answer::read(call(stack, "203.0.113.2", "GET", "/v1/jobs", &account.key, "")).unwrap().body;
        assert_eq!(list["data"].as_array().unwrap().len(), 3);
    });
}

#[test]
fn a_start_is_a_submission_too() {
    STACK.with(options(), |stack| {
        let account = TestAccount::create(stack, 1_000).unwrap();
        // Drafts, each by a key and an address of its own.
        let drafts = (20..24).map(|number| {
            let (_, key) = account.admin.create_key(&account.id, "draft").unwrap();
            let body = json!({ "video_url": "https://example.com/a.mp4", "auto_start": false }).to_string();
            let answer = Answer::read(call(stack, &format!("203.0.113.{number}"), "POST", "/v1/jobs", &key, &body)).unwrap();
            answer.body["id"].as_str().unwrap().to_owned()
        });
        let drafts: Vec<_> = drafts.collect();
        let start = |id: &str| call(stack, "203.0.113.30", "POST", &format!("/v1/jobs/{id}/start"), &account.key, "");
        for id in drafts.iter().take(usize::try_from(SUBMISSIONS).unwrap()) {
            assert_eq!(start(id).status(), 200);
        }
        let balance = account.balance().unwrap();
        let error = assert_error(start(&drafts[3]), 429, "rate_limited");
        assert_eq!(error["details"]["limit"], "submissions");
        assert_eq!(account.balance().unwrap(), balance);
    });
}

#[test]
fn requests_beyond_the_limit_are_refused_on_every_route() {
    STACK.with(options(), |stack| {
        let account = TestAccount::create(stack, 100).unwrap();
        let job = account.submit(&serde_json::from_str(&video_job()).unwrap()).unwrap();
        let call = |address, method, path: &str| call(stack, address, method, path, &account.key, "");
        // The submission counted for the key and for the harness's address.
        for _ in 1..REQUESTS {
            assert_eq!(call("2001:db8::1", "GET", "/v1/models").status().as_u16(), 200);
        }
        assert_error(call("2001:db8::2", "GET", "/v1/credits"), 429, "rate_limited");
        assert_error(call("2001:db8::3", "DELETE", &format!("/v1/jobs/{}", job.id)), 429, "rate_limited");
        assert_eq!(account.balance().unwrap(), 90, "the deletion did not happen");
    });
}
