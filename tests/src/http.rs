//! The HTTP agent and client of the harness: no proxy, no redirects followed, and no status is an
//! error.

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

/// A client of one service that is authorized by a bearer token.
#[derive(Debug, Clone)]
pub struct BearerClient {
    agent: Agent,
    base_url: String,
    token: String,
}

impl BearerClient {
    /// A client of the service at `base_url`.
    #[must_use]
    pub fn new(base_url: &str, token: &str) -> Self {
        Self { agent: agent(), base_url: base_url.to_owned(), token: token.to_owned() }
    }

    /// The URL that paths are appended to.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The agent, for requests without the token.
    #[must_use]
    pub const fn agent(&self) -> &Agent {
        &self.agent
    }

    /// Gets a path; the body is not read yet.
    pub fn open(&self, path: &str) -> Result<Response<ureq::Body>> {
        Ok(self.agent.get(self.url(path)).header("authorization", self.authorization()).call()?)
    }

    /// Gets a path.
    pub fn get(&self, path: &str) -> Result<Answer> {
        Answer::read(self.open(path)?)
    }

    /// Posts a JSON body to a path.
    pub fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        Answer::read(self.agent.post(self.url(path)).header("authorization", self.authorization()).send_json(body)?)
    }

    /// Sends a DELETE to a path.
    pub fn delete(&self, path: &str) -> Result<Answer> {
        Answer::read(self.agent.delete(self.url(path)).header("authorization", self.authorization()).call()?)
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    fn authorization(&self) -> String {
        format!("Bearer {}", self.token)
    }
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
