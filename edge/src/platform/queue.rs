//! The transcode queue: sending tasks, and burying those that it gave up on.

use serde::{Deserialize, Serialize};
use shared::task::TranscodeTask;
use worker::wasm_bindgen::JsValue;
use worker::{BatchMessageBuilder, MessageBatch, MessageBuilder, MessageExt as _, Queue, QueueContentType};

use super::log;
use crate::app::bury_task::bury_task;
use crate::app::deliver_event::deliver_event;
use crate::app::ports::{Delivery, Ports, TaskQueue};
use crate::domain::error::Error;
use crate::domain::job::Job;
use crate::domain::webhook::EventId;

/// As in `wrangler.toml`.
const WEBHOOK_QUEUE_NAME: &str = "bgless-webhook";

/// The producer's ends.
pub struct Queues {
    pub transcode: Queue,
    pub webhook: Queue,
}

/// Makes the body of an event, in the words of a dialect.
type Render<P> = fn(&P, &Delivery, &Job) -> Result<String, Error>;

/// A message on the webhook queue.
#[derive(Serialize, Deserialize)]
struct Wake {
    event: String,
}

impl TaskQueue for Queues {
    async fn send(&self, tasks: &[TranscodeTask]) -> Result<(), Error> {
        // JSON, since a pull consumer cannot read the runtime's own format.
        let messages = tasks.iter().map(|task| MessageBuilder::new(task).content_type(QueueContentType::Json).build());
        let batch = BatchMessageBuilder::new().messages(messages).build();
        self.transcode.send_batch(batch).await.map_err(|error| Error::Internal(format!("queue: {error}")))
    }

    async fn wake_sender(&self, ids: &[EventId], delay_s: u32) -> Result<(), Error> {
        let messages = ids.iter().map(|id| {
            MessageBuilder::new(Wake { event: id.to_string() })
                .content_type(QueueContentType::Json)
                .delay_seconds(delay_s)
                .build()
        });
        let batch = BatchMessageBuilder::new().messages(messages).build();
        self.webhook.send_batch(batch).await.map_err(|error| Error::Internal(format!("queue: {error}")))
    }
}

/// Deals with a batch of either queue: dead letters of the transcode queue, or wake-ups of the sender of events.
pub async fn consume<P: Ports>(ports: &P, batch: &MessageBatch<JsValue>, render: Render<P>) {
    if batch.queue() == WEBHOOK_QUEUE_NAME {
        deliver_all(ports, batch, render).await;
    } else {
        bury_all(ports, batch).await;
    }
}

/// Tries each event. What fails for our own reasons is found by the sweep, so every message is acknowledged.
async fn deliver_all<P: Ports>(ports: &P, batch: &MessageBatch<JsValue>, render: Render<P>) {
    let deliveries = batch.raw_iter().map(|message| async move {
        let wake = worker::d1::serde_wasm_bindgen::from_value::<Wake>(message.body());
        let outcome = match wake.map_err(|error| Error::Internal(error.to_string())).and_then(|wake| wake.event.parse()) {
            Ok(id) => deliver_event(ports, id, render).await.map(|next| (id, next)),
            Err(error) => Err(error),
        };
        match outcome {
            Ok((id, next)) => log::info("event", &[("event.id", &id), ("next", &format!("{next:?}"))]),
            Err(error) => log::error("an event was not told; the sweep goes on", &[("error", &error)]),
        }
        message.ack();
    });
    // At once: one receiver that is slow holds nobody else up.
    futures_util::future::join_all(deliveries).await;
}

/// Buries each dead letter. Messages are read one by one, and always acknowledged: what cannot be read will never be.
async fn bury_all(ports: &impl Ports, batch: &MessageBatch<JsValue>) {
    for message in batch.raw_iter() {
        let task = worker::d1::serde_wasm_bindgen::from_value::<TranscodeTask>(message.body());
        match task {
            Ok(task) => match bury_task(ports, &task).await {
                Ok(burial) => log::warn("dead letter", &[("task", &format!("{task:?}")), ("burial", &format!("{burial:?}"))]),
                Err(error) => {
                    log::error(
                        "dead letter could not be buried; the sweep will",
                        &[("task", &format!("{task:?}")), ("error", &error)],
                    );
                }
            },
            Err(error) => log::error("unreadable dead letter", &[("error", &error)]),
        }
        message.ack();
    }
}
