//! Requests as no well-behaved client would send them, and refusals in full, for contract tests.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must end")]
#![expect(clippy::must_use_candidate, reason = "checks are called for what they check")]
#![expect(clippy::print_stderr, reason = "what was sent again must be seen")]

use std::io::{Cursor, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};
use ureq::http::Response;
use ureq::{Body, SendBody};

use crate::http::{Answer, agent};

/// How often something is sent at most. wrangler's proxy in front of the edge keeps connections to it, and drops a request that
/// meets one which has just been closed; only GET and HEAD it tries again itself. Source: its `ProxyWorker`, wrangler 4.164.
const TRIES_MAX: u32 = 3;

/// Sends anything, with these headers.
///
/// # Panics
/// When there is no answer.
#[must_use]
pub fn send(method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Response<Body> {
    for _ in 1..TRIES_MAX {
        match try_to_send(method, url, headers, body) {
            Err(ureq::Error::Io(error)) if error.kind() == ErrorKind::UnexpectedEof => {
                eprintln!("{method} {url}: dropped before any answer, sent again");
            }
            sent => return sent.unwrap(),
        }
    }
    try_to_send(method, url, headers, body).unwrap()
}

fn try_to_send(method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Response<Body>, ureq::Error> {
    let mut request = ureq::http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if body.is_empty() {
        return agent().run(request.body(SendBody::none()).unwrap());
    }
    agent().run(request.body(SendBody::from_owned_reader(Cursor::new(body.to_vec()))).unwrap())
}

/// Announces a form of so many bytes and begins it, as curl does with large ones; returns the status and the JSON that come
/// back without the rest.
///
/// # Panics
/// When the connection ends without a whole answer.
#[must_use]
pub fn announce(base_url: &str, path: &str, key: &str, size_bytes: u64) -> (u16, Value) {
    let host = base_url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {host}\r\nx-api-key: {key}\r\ncontent-type: multipart/form-data; boundary=x\r\n\
         expect: 100-continue\r\ncontent-length: {size_bytes}\r\nconnection: close\r\n\r\n--x\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    loop {
        let mut more = [0; 4_096];
        let length = stream.read(&mut more).unwrap();
        assert!(length > 0, "the connection ended: {answer}");
        answer.push_str(&String::from_utf8_lossy(&more[..length]));
        // The local runtime says at once that it would read on.
        let answer = answer.rsplit("HTTP/1.1 ").next().unwrap();
        let body = answer.find('{').zip(answer.rfind('}')).and_then(|(start, end)| answer.get(start..=end));
        if let Some(body) = body.and_then(|body| serde_json::from_str(body).ok()) {
            let status = answer.split(' ').next().unwrap();
            return (status.parse().unwrap(), body);
        }
    }
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
