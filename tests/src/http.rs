//! The HTTP agent of the harness: no proxy, no redirects followed, and no status is an error.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use ureq::Agent;
use ureq::http::Response;

/// The time limit of one request, its body included.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(2);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Creates the agent.
#[must_use]
pub fn agent() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .timeout_global(Some(ANSWER_TIMEOUT))
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .build()
        .into()
}

/// A response with its whole body.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body; `null` when it is empty, a string when it is not JSON.
    pub body: Value,
}

impl Answer {
    /// Reads the body to its end.
    pub fn read(mut response: Response<ureq::Body>) -> Result<Self> {
        let text = response.body_mut().read_to_string().context("the response was interrupted")?;
        let body = match text.as_str() {
            "" => Value::Null,
            text => serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())),
        };
        Ok(Self { status: response.status().as_u16(), body })
    }
}
