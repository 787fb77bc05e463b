//! A client of the queue gateway: Cloudflare's pull API, and the gateway's two routes for tests.

use anyhow::Result;
use serde_json::{Value, json};

use crate::http::{Answer, BearerClient};

/// The path of Cloudflare's API.
const API_PATH: &str = "/client/v4";
/// The Cloudflare account id of the local stack.
pub const CLOUDFLARE_ACCOUNT_ID: &str = "local";
/// The id of the queue of light work.
pub const QUEUE_ID: &str = "bgless-transcode";
/// The id of the queue of heavy work.
pub const HEAVY_QUEUE_ID: &str = "bgless-transcode-heavy";

/// A client with a token.
#[derive(Debug, Clone)]
pub struct Gateway(BearerClient);

impl Gateway {
    /// A client of the gateway at `base_url`.
    #[must_use]
    pub fn new(base_url: &str, token: &str) -> Self {
        Self(BearerClient::new(base_url, token))
    }

    /// The token.
    #[must_use]
    pub fn token(&self) -> &str {
        self.0.token()
    }

    /// The value of `QUEUE_API_URL` for transcoders.
    #[must_use]
    pub fn api_url(base_url: &str) -> String {
        format!("{base_url}{API_PATH}")
    }

    /// Pulls messages.
    pub fn pull(&self, body: &Value) -> Result<Answer> {
        self.post("messages/pull", body)
    }

    /// Acknowledges and retries messages.
    pub fn ack(&self, acks: &[&str], retries: &[Value]) -> Result<Answer> {
        let acks: Vec<Value> = acks.iter().map(|lease_id| json!({ "lease_id": lease_id })).collect();
        self.post("messages/ack", &json!({ "acks": acks, "retries": retries }))
    }

    /// Posts any body to a path below the queue.
    pub fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.0.post(&format!("{API_PATH}/accounts/{CLOUDFLARE_ACCOUNT_ID}/queues/{QUEUE_ID}/{path}"), body)
    }

    /// Every message in the queue, leased or not.
    pub fn messages(&self) -> Result<Vec<Value>> {
        self.list("messages")
    }

    /// Every dead letter.
    pub fn dead_letters(&self) -> Result<Vec<Value>> {
        self.list("dead-letters")
    }

    fn list(&self, path: &str) -> Result<Vec<Value>> {
        let answer = self.0.get(&format!("/gateway/{QUEUE_ID}/{path}"))?;
        Ok(answer.body["result"].as_array().cloned().unwrap_or_default())
    }
}
