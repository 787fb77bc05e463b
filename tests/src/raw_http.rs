//! Requests with any method, headers and body, malformed ones too, and a check of error responses.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must end")]
#![expect(clippy::must_use_candidate, reason = "the checks have effects")]
#![expect(clippy::print_stderr, reason = "a repeated request must be visible")]

use std::io::{Cursor, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};
use ureq::http::Response;
use ureq::{Body, SendBody};

use crate::http::{Answer, agent};

/// The most attempts of a request. wrangler's proxy keeps connections to the edge and drops a
/// request that meets one which was just closed; it retries GET and HEAD alone. Source: its
/// `ProxyWorker`, wrangler 4.164.
const ATTEMPTS_MAX: u32 = 3;

/// Sends a request with exactly these headers and this body.
///
/// # Panics
/// When there is no response.
#[must_use]
pub fn send(method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Response<Body> {
    for _ in 1..ATTEMPTS_MAX {
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

/// Sends the headers of a form with this `Content-Length` and `Expect: 100-continue`, and its first
/// bytes, as curl does; returns the status and the JSON body of the response that comes before the
/// rest is sent.
///
/// # Panics
/// When the connection ends without a whole response.
#[must_use]
pub fn send_partial_form(base_url: &str, path: &str, key: &str, size_bytes: u64) -> (u16, Value) {
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
        // The local runtime sends `100 Continue` at once.
        let answer = answer.rsplit("HTTP/1.1 ").next().unwrap();
        let body = answer.find('{').zip(answer.rfind('}')).and_then(|(start, end)| answer.get(start..=end));
        if let Some(body) = body.and_then(|body| serde_json::from_str(body).ok()) {
            let status = answer.split(' ').next().unwrap();
            return (status.parse().unwrap(), body);
        }
    }
}

/// Checks the status and the envelope of an error response; returns its error object.
///
/// # Panics
/// When it differs.
pub fn assert_error(response: Response<Body>, status: u16, code: &str) -> Value {
    let request_id = response.headers().get("x-request-id").unwrap().to_str().unwrap().to_owned();
    let answer = Answer::read(response).unwrap();
    assert_eq!(answer.status, status, "{}", answer.body);
    let error = &answer.body["error"];
    assert_eq!(error["code"], code, "{error}");
    assert_eq!((&error["requestId"], &error["request_id"]), (&json!(request_id), &json!(request_id)));
    assert!(!error["message"].as_str().unwrap().is_empty());
    error.clone()
}
