//! Cloudflare Queues by HTTP pull: the same calls in production and against the local gateway.
//!
//! Source: developers.cloudflare.com/queues/configuration/pull-consumers.

use std::future::Future;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::CONTENT_TYPE;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared::task::TranscodeTask;

use crate::fleet::config::QueueConfig;

/// Units: seconds.
const CALL_S_MAX: u64 = 15;
/// Cloudflare's limit on one pull.
const BATCH_SIZE_MAX: usize = 100;

/// The version of tasks that this transcoder reads.
const KNOWN_VERSION: &str = "TranscodeV1";

/// A message that was pulled and is invisible to others for a while.
#[derive(Debug, Clone, Deserialize)]
pub struct Message {
    /// For the log.
    #[serde(default)]
    pub id: String,
    /// Identifies this delivery when it is settled.
    pub lease_id: String,
    /// Base64 of JSON, JSON in a text, or JSON itself: the documentation shows all three.
    #[serde(default)]
    body: Value,
}

/// Settlement of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settlement {
    /// The queue removes it.
    Ack,
    /// The queue delivers it again.
    Retry {
        /// Not before this many seconds have passed.
        delay_s: u64,
    },
}

/// A call that did not work.
#[derive(Debug, thiserror::Error)]
#[error("queue: {0}")]
pub struct QueueError(pub String);

/// Port: the calls to a queue that the pump makes.
pub trait Queue: Sync {
    /// Takes at most `count_max` messages; an empty answer is normal.
    fn pull(&self, count_max: usize) -> impl Future<Output = Result<Vec<Message>, QueueError>> + Send;
    /// Acknowledges a message, or asks for another delivery.
    fn settle(&self, lease_id: &str, settlement: Settlement) -> impl Future<Output = Result<(), QueueError>> + Send;
}

/// Parsed content of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A task.
    Task(TranscodeTask),
    /// A task in a version that only a newer transcoder knows.
    Newer,
    /// Something else.
    Foreign,
}

impl Message {
    /// Parses the content.
    pub fn content(&self) -> Content {
        let body = match &self.body {
            Value::String(text) => STANDARD
                .decode(text.trim())
                .ok()
                .and_then(|bytes| serde_json::from_slice(&bytes).ok())
                .or_else(|| serde_json::from_str(text).ok())
                .unwrap_or_default(),
            body => body.clone(),
        };
        let version = body.get("version").and_then(Value::as_str);
        let is_newer = version.is_some_and(|version| version != KNOWN_VERSION);
        match serde_json::from_value(body) {
            Ok(task) => Content::Task(task),
            Err(_) if is_newer => Content::Newer,
            Err(_) => Content::Foreign,
        }
    }
}

#[derive(Debug, Deserialize)]
struct Envelope<R> {
    success: bool,
    result: Option<R>,
    #[serde(default)]
    errors: Vec<Value>,
}

#[derive(Debug, Deserialize)]
struct Pulled {
    #[serde(default)]
    messages: Vec<Message>,
}

/// The real queue.
#[derive(Debug, Clone)]
pub struct QueueClient {
    client: reqwest::Client,
    config: QueueConfig,
}

impl QueueClient {
    /// A client of this queue.
    pub fn new(config: QueueConfig) -> Result<Self, reqwest::Error> {
        let builder = reqwest::Client::builder().timeout(Duration::from_secs(CALL_S_MAX));
        Ok(Self { client: builder.redirect(reqwest::redirect::Policy::none()).build()?, config })
    }

    async fn call<R: DeserializeOwned>(&self, verb: &str, body: &Value) -> Result<R, QueueError> {
        let failed = |error: reqwest::Error| QueueError(error.without_url().to_string());
        let request = self.client.post(format!("{}/{verb}", self.config.messages_url));
        let request = request.bearer_auth(self.config.token.expose()).header(CONTENT_TYPE, "application/json");
        let answer = request.body(body.to_string()).send().await.map_err(failed)?;
        let status = answer.status();
        let bytes = answer.bytes().await.map_err(failed)?;
        let envelope: Envelope<R> = serde_json::from_slice(&bytes)
            .map_err(|error| QueueError(format!("{verb} answered {status}, unreadable: {error}")))?;
        match envelope.result {
            Some(result) if envelope.success && status.is_success() => Ok(result),
            _ => Err(QueueError(format!("{verb} answered {status}: {}", Value::from(envelope.errors)))),
        }
    }
}

impl Queue for QueueClient {
    async fn pull(&self, count_max: usize) -> Result<Vec<Message>, QueueError> {
        let batch_size = count_max.min(BATCH_SIZE_MAX);
        let body = json!({ "batch_size": batch_size, "visibility_timeout_ms": self.config.visibility_timeout_ms });
        self.call::<Pulled>("pull", &body).await.map(|pulled| pulled.messages)
    }

    async fn settle(&self, lease_id: &str, settlement: Settlement) -> Result<(), QueueError> {
        let body = match settlement {
            Settlement::Ack => json!({ "acks": [{ "lease_id": lease_id }], "retries": [] }),
            Settlement::Retry { delay_s } => {
                json!({ "acks": [], "retries": [{ "lease_id": lease_id, "delay_seconds": delay_s }] })
            }
        };
        self.call::<Value>("ack", &body).await.map(drop)
    }
}

#[cfg(test)]
impl Message {
    /// A message as a test wants it.
    pub fn for_test(lease_id: &str, body: Value) -> Self {
        Self { id: lease_id.to_owned(), lease_id: lease_id.to_owned(), body }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_read_in_every_form_the_documentation_shows() {
        let text = r#"{"version":"TranscodeV1","jobId":"job_01KAJ4A2G00000000000000000","run":2}"#;
        let object: Value = serde_json::from_str(text).unwrap();
        for body in [Value::from(STANDARD.encode(text)), Value::from(text), object] {
            let Content::Task(TranscodeTask::TranscodeV1 { run, .. }) = Message::for_test("a", body.clone()).content() else {
                panic!("{body}")
            };
            assert_eq!(run, 2);
        }
        let broken = json!({ "version": "TranscodeV1", "jobId": 1 });
        for body in [Value::Null, json!("hello"), broken, json!({ "version": 2 }), json!(STANDARD.encode("{}"))] {
            assert_eq!(Message::for_test("a", body.clone()).content(), Content::Foreign, "{body}");
        }
        let newer = json!({ "version": "TranscodeV2", "jobIds": [] });
        for body in [Value::from(STANDARD.encode(newer.to_string())), Value::from(newer.to_string()), newer] {
            assert_eq!(Message::for_test("a", body.clone()).content(), Content::Newer, "{body}");
        }
    }
}
