//! Requests as no well-behaved client would send them, and refusals in full, for contract tests.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must end")]
#![expect(clippy::must_use_candidate, reason = "checks are called for what they check")]

use serde_json::{Value, json};
use ureq::http::Response;
use ureq::{Body, SendBody};

use crate::http::{Answer, agent};

/// Sends anything, with these headers.
///
/// # Panics
/// When there is no answer.
#[must_use]
pub fn send(method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Response<Body> {
    let mut request = ureq::http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if body.is_empty() {
        return agent().run(request.body(SendBody::none()).unwrap()).unwrap();
    }
    agent().run(request.body(SendBody::from_owned_reader(std::io::Cursor::new(body.to_vec()))).unwrap()).unwrap()
}

/// Checks a refusal's whole shape; returns its error object.
///
/// # Panics
/// When it has another shape.
pub fn refused(response: Response<Body>, status: u16, code: &str) -> Value {
    let request_id = response.headers().get("x-request-id").unwrap().to_str().unwrap().to_owned();
    let answer = Answer::read(response).unwrap();
    assert_eq!(answer.status, status, "{}", answer.body);
    let error = &answer.body["error"];
    assert_eq!(error["code"], code, "{error}");
    assert_eq!((&error["requestId"], &error["request_id"]), (&json!(request_id), &json!(request_id)));
    assert!(!error["message"].as_str().unwrap().is_empty());
    error.clone()
}
