//! The transcode queue: sending tasks, and burying those that it gave up on.

use shared::task::TranscodeTask;
use worker::wasm_bindgen::JsValue;
use worker::{BatchMessageBuilder, MessageBatch, MessageBuilder, MessageExt as _, Queue, QueueContentType};

use super::log;
use crate::app::bury_task::bury_task;
use crate::app::ports::{Ports, TaskQueue};
use crate::domain::error::Error;

/// The producer's end.
pub struct TranscodeQueue(pub Queue);

impl TaskQueue for TranscodeQueue {
    async fn send(&self, tasks: &[TranscodeTask]) -> Result<(), Error> {
        // JSON, since a pull consumer cannot read the runtime's own format.
        let messages = tasks.iter().map(|task| MessageBuilder::new(task).content_type(QueueContentType::Json).build());
        let batch = BatchMessageBuilder::new().messages(messages).build();
        self.0.send_batch(batch).await.map_err(|error| Error::Internal(format!("queue: {error}")))
    }
}

/// Buries each dead letter. Messages are read one by one, and always acknowledged: what cannot be read will never be.
pub async fn bury_all(ports: &impl Ports, batch: &MessageBatch<JsValue>) {
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
