//! A client of the queue gateway: Cloudflare's pull API, and the gateway's own two windows for tests.

use anyhow::Result;
use serde_json::{Value, json};
use ureq::Agent;

use crate::http::{Answer, agent};

/// The local stack's account, in Cloudflare's sense.
pub const CLOUDFLARE_ACCOUNT_ID: &str = "local";
/// The local stack's queue of light work.
pub const QUEUE_ID: &str = "bgless-transcode";
/// And that of heavy work.
pub const HEAVY_QUEUE_ID: &str = "bgless-transcode-heavy";

/// A client with its own token.
#[derive(Debug, Clone)]
pub struct Gateway {
    agent: Agent,
    base_url: String,
    token: String,
}

impl Gateway {
    /// Names the stack and the token.
    #[must_use]
    pub fn new(base_url: &str, token: &str) -> Self {
        Self { agent: agent(), base_url: base_url.to_owned(), token: token.to_owned() }
    }

    /// What this client proves itself with.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// What the transcoder is told as `QUEUE_API_URL`.
    #[must_use]
    pub fn api_url(base_url: &str) -> String {
        format!("{base_url}/client/v4")
    }

    /// Asks for messages.
    pub fn pull(&self, body: &Value) -> Result<Answer> {
        self.post("messages/pull", body)
    }

    /// Settles leases.
    pub fn ack(&self, acks: &[&str], retries: &[Value]) -> Result<Answer> {
        let acks: Vec<Value> = acks.iter().map(|lease_id| json!({ "lease_id": lease_id })).collect();
        self.post("messages/ack", &json!({ "acks": acks, "retries": retries }))
    }

    /// Posts anything to a path under the queue.
    pub fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        let api = Self::api_url(&self.base_url);
        let url = format!("{api}/accounts/{CLOUDFLARE_ACCOUNT_ID}/queues/{QUEUE_ID}/{path}");
        Answer::read(self.agent.post(url).header("authorization", format!("Bearer {}", self.token)).send_json(body)?)
    }

    /// Every message that is not settled, leased or not.
    pub fn messages(&self) -> Result<Vec<Value>> {
        self.list("messages")
    }

    /// Every message that was delivered too often.
    pub fn dead_letters(&self) -> Result<Vec<Value>> {
        self.list("dead-letters")
    }

    fn list(&self, path: &str) -> Result<Vec<Value>> {
        let request = self.agent.get(format!("{}/gateway/{QUEUE_ID}/{path}", self.base_url));
        let answer = Answer::read(request.header("authorization", format!("Bearer {}", self.token)).call()?)?;
        Ok(answer.body["result"].as_array().cloned().unwrap_or_default())
    }
}
