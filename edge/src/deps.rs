//! The real ports, put together for one event.

use std::fmt::Display;
use std::sync::atomic::{AtomicU32, Ordering};

use shared::time::UnixMillis;
use worker::Env;

use crate::app::ports::{Ports, Settings};
use crate::config;
use crate::platform::http::Outgoing;
use crate::platform::queue::Queues;
use crate::platform::r2::R2;
use crate::platform::{clock, log};
use crate::store::Store;
use crate::store::database::D1;

/// What the use cases are given in production.
pub struct Deps {
    store: Store<D1>,
    tasks: Queues,
    pub r2: R2,
    settings: Settings,
}

impl Deps {
    pub fn from_env(env: &Env) -> worker::Result<Self> {
        Ok(Self {
            store: Store(D1 { database: env.d1(config::DATABASE)?, round_trips: AtomicU32::new(0) }),
            tasks: Queues { transcode: env.queue(config::TRANSCODE_QUEUE)?, webhook: env.queue(config::WEBHOOK_QUEUE)? },
            r2: R2::new(env.bucket(config::BUCKET)?),
            settings: config::read_settings(env)?,
        })
    }

    /// How often this event has called the database.
    pub fn d1_round_trips(&self) -> u32 {
        self.store.0.round_trips.load(Ordering::Relaxed)
    }
}

impl Ports for Deps {
    type Store = Store<D1>;
    type Tasks = Queues;
    type Objects = R2;
    type Http = Outgoing;

    fn http(&self) -> &Outgoing {
        &Outgoing
    }

    fn store(&self) -> &Store<D1> {
        &self.store
    }

    fn tasks(&self) -> &Queues {
        &self.tasks
    }

    fn objects(&self) -> &R2 {
        &self.r2
    }

    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn now(&self) -> UnixMillis {
        clock::now()
    }

    fn random_bytes(&self) -> [u8; 32] {
        clock::random_bytes()
    }

    async fn pause(&self, duration_ms: u64) {
        clock::pause(duration_ms).await;
    }

    fn warn(&self, message: &str, fields: &[(&str, &dyn Display)]) {
        log::warn(message, fields);
    }
}
