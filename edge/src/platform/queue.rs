//! The queues: sends messages, and handles those of generations, webhook events and dead letters.

use serde::{Deserialize, Serialize};
use shared::id::JobId;
use shared::task::{Pool, TranscodeTask};
use worker::wasm_bindgen::JsValue;
use worker::{BatchMessageBuilder, MessageBatch, MessageBuilder, MessageExt as _, Queue, QueueContentType};

use super::log;
use crate::app::advance_generation::advance_generation;
use crate::app::deliver_event::deliver_event;
use crate::app::fail_dead_letter::fail_dead_letter;
use crate::app::handle_provider_callback::handle_provider_callback;
use crate::app::ports::{Delivery, Ports, ProviderWake, TaskQueue};
use crate::domain::error::Error;
use crate::domain::job::Job;
use crate::domain::run::RunRef;
use crate::domain::webhook::{EventId, EventMessage};

/// As in `wrangler.toml`.
const WEBHOOK_QUEUE_NAME: &str = "bgless-webhook";
const PROVIDER_QUEUE_NAME: &str = "bgless-provider";

/// Longest delay of a message. Source: Cloudflare Queues, limits, 12 hours.
/// Units: seconds.
const DELAY_S_MAX: u32 = 43_200;

/// The queues that the edge sends to.
pub struct Queues {
    pub transcode: Queue,
    pub transcode_heavy: Queue,
    pub webhook: Queue,
    pub provider: Queue,
}

/// Makes the message of an event, in the job's dialect.
type Render<P> = fn(&P, &Delivery, &Job) -> Result<EventMessage, Error>;

/// A message on the webhook queue.
#[derive(Serialize, Deserialize)]
struct Wake {
    event: String,
}

/// A message on the provider queue.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum ProviderMessage {
    Due { job_id: JobId, run: u32 },
    Callback { provider: String, task_id: String },
}

impl From<&ProviderWake> for ProviderMessage {
    fn from(wake: &ProviderWake) -> Self {
        match wake {
            ProviderWake::Due(run) => Self::Due { job_id: run.job_id, run: run.run },
            ProviderWake::Callback { provider, task_id } => {
                Self::Callback { provider: provider.clone(), task_id: task_id.clone() }
            }
        }
    }
}

impl TaskQueue for Queues {
    async fn send(&self, pool: Pool, tasks: &[TranscodeTask], delay_ms: u64) -> Result<(), Error> {
        let messages = tasks.iter().map(|task| {
            // JSON, since a pull consumer cannot read the runtime's own format.
            MessageBuilder::new(task).content_type(QueueContentType::Json).delay_seconds(delay_s(delay_ms)).build()
        });
        let batch = BatchMessageBuilder::new().messages(messages).build();
        let queue = match pool {
            Pool::Light => &self.transcode,
            Pool::Heavy => &self.transcode_heavy,
        };
        queue.send_batch(batch).await.map_err(|error| Error::Internal(format!("queue: {error}")))
    }

    async fn wake_sender(&self, ids: &[EventId], delay_ms: u64) -> Result<(), Error> {
        let messages = ids.iter().map(|id| {
            MessageBuilder::new(Wake { event: id.to_string() })
                .content_type(QueueContentType::Json)
                .delay_seconds(delay_s(delay_ms))
                .build()
        });
        let batch = BatchMessageBuilder::new().messages(messages).build();
        self.webhook.send_batch(batch).await.map_err(|error| Error::Internal(format!("queue: {error}")))
    }

    async fn wake_provider(&self, wakes: &[ProviderWake], delay_ms: u64) -> Result<(), Error> {
        let messages = wakes.iter().map(|wake| {
            MessageBuilder::new(ProviderMessage::from(wake))
                .content_type(QueueContentType::Json)
                .delay_seconds(delay_s(delay_ms))
                .build()
        });
        let batch = BatchMessageBuilder::new().messages(messages).build();
        self.provider.send_batch(batch).await.map_err(|error| Error::Internal(format!("queue: {error}")))
    }
}

/// The delay of a message, in whole seconds and within the queue's limit.
fn delay_s(delay_ms: u64) -> u32 {
    u32::try_from(delay_ms.div_ceil(1_000)).unwrap_or(u32::MAX).min(DELAY_S_MAX)
}

/// Handles a batch of any queue.
pub async fn consume<P: Ports>(ports: &P, batch: &MessageBatch<JsValue>, render: Render<P>) {
    if batch.queue() == WEBHOOK_QUEUE_NAME {
        deliver_all(ports, batch, render).await;
    } else if batch.queue() == PROVIDER_QUEUE_NAME {
        advance_all(ports, batch).await;
    } else {
        fail_dead_letters(ports, batch).await;
    }
}

/// Advances each generation. The sweep repeats what failed for a reason of ours, so every message
/// is acknowledged.
async fn advance_all(ports: &impl Ports, batch: &MessageBatch<JsValue>) {
    let advances = batch.raw_iter().map(|message| async move {
        let order = worker::d1::serde_wasm_bindgen::from_value::<ProviderMessage>(message.body());
        let outcome = match order {
            Ok(ProviderMessage::Due { job_id, run }) => advance_generation(ports, RunRef { job_id, run }).await,
            Ok(ProviderMessage::Callback { provider, task_id }) => handle_provider_callback(ports, &provider, &task_id).await,
            Err(error) => Err(Error::Internal(error.to_string())),
        };
        match outcome {
            Ok(advance) => log::info("generation", &[("advance", &format!("{advance:?}"))]),
            Err(error) => log::error("a generation was not advanced; the sweep will do it", &[("error", &error)]),
        }
        message.ack();
    });
    futures_util::future::join_all(advances).await;
}

/// Sends each event. The sweep repeats what failed for a reason of ours, so every message is
/// acknowledged.
async fn deliver_all<P: Ports>(ports: &P, batch: &MessageBatch<JsValue>, render: Render<P>) {
    let deliveries = batch.raw_iter().map(|message| async move {
        let wake = worker::d1::serde_wasm_bindgen::from_value::<Wake>(message.body());
        let outcome = match wake.map_err(|error| Error::Internal(error.to_string())).and_then(|wake| wake.event.parse()) {
            Ok(id) => deliver_event(ports, id, render).await.map(|next| (id, next)),
            Err(error) => Err(error),
        };
        match outcome {
            Ok((id, next)) => log::info("event", &[("event.id", &id), ("next", &format!("{next:?}"))]),
            Err(error) => log::error("an event was not sent; the sweep will send it", &[("error", &error)]),
        }
        message.ack();
    });
    // Concurrently: a slow receiver delays no other.
    futures_util::future::join_all(deliveries).await;
}

/// Handles each dead letter. Messages are parsed one by one and always acknowledged: one that
/// cannot be parsed never will be.
async fn fail_dead_letters(ports: &impl Ports, batch: &MessageBatch<JsValue>) {
    for message in batch.raw_iter() {
        let task = worker::d1::serde_wasm_bindgen::from_value::<TranscodeTask>(message.body());
        match task {
            Ok(task) => match fail_dead_letter(ports, &task).await {
                Ok(outcome) => log::warn("dead letter", &[("task", &format!("{task:?}")), ("outcome", &format!("{outcome:?}"))]),
                Err(error) => {
                    log::error(
                        "a dead letter was not handled; the sweep will do it",
                        &[("task", &format!("{task:?}")), ("error", &error)],
                    );
                }
            },
            Err(error) => log::error("unreadable dead letter", &[("error", &error)]),
        }
        message.ack();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_whole_seconds_and_at_most_half_a_day() {
        let cases = [(0, 0), (1, 1), (1_000, 1), (43_200_000, 43_200), (43_200_001, 43_200), (u64::MAX, 43_200)];
        for (delay_ms, expected) in cases {
            assert_eq!(delay_s(delay_ms), expected, "{delay_ms}");
        }
    }
}
