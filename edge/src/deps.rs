//! The real ports, put together for one event.

use std::fmt::Display;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock};

use shared::id::ApiKeyId;
use shared::time::UnixMillis;
use worker::Env;

use crate::app::pending_rate_limit::PendingRateLimit;
use crate::app::ports::{Ports, Settings};
use crate::config::Config;
use crate::domain::error::Error;
use crate::domain::model::KIE;
use crate::domain::rate::Kind;
use crate::platform::bindings::Bindings;
use crate::platform::http::Outgoing;
use crate::platform::queue::Queues;
use crate::platform::r2::R2;
use crate::platform::{clock, log, rate_limiter};
use crate::provider::kie::{Kie, KieSettings};
use crate::store::Store;
use crate::store::database::D1;

/// The ports in production.
pub struct Deps {
    store: Store<D1>,
    bindings: &'static Bindings,
    config: Arc<Config>,
    used_key: OnceLock<ApiKeyId>,
}

impl Deps {
    /// The ports of one event. Errors: names the variable or binding that is missing.
    pub fn new(env: &Env) -> worker::Result<Self> {
        let config = Config::read(env)?;
        let bindings = Bindings::of(env)?;
        let database = D1 { database: &bindings.database, round_trips: AtomicU32::new(0), rate_limit: OnceLock::new() };
        Ok(Self { store: Store(database), bindings, config, used_key: OnceLock::new() })
    }

    /// Begins to count the request for the clients with these names. Database writes wait for the
    /// result.
    pub fn count_request(&self, kind: Kind, client_names: Vec<String>) -> PendingRateLimit {
        let count =
            || rate_limiter::begin_to_count(&self.bindings.rate_limiter, self.config.settings.rate_limits, kind, client_names);
        self.store.0.rate_limit.get_or_init(count).clone()
    }

    /// Waits until the request is known to be within the rate limits.
    /// Errors: `RateLimited`.
    pub async fn wait_for_rate_limit(&self) -> Result<(), Error> {
        self.store.0.wait_for_rate_limit().await
    }

    /// The operator's settings of KIE.
    pub fn kie(&self) -> &KieSettings {
        &self.config.kie
    }

    /// The number of this event's calls of the database.
    pub fn d1_round_trips(&self) -> u32 {
        self.store.0.round_trips.load(Relaxed)
    }

    /// The key whose use is still to be recorded.
    pub fn used_key(&self) -> Option<ApiKeyId> {
        self.used_key.get().copied()
    }
}

impl Ports for Deps {
    type Store = Store<D1>;
    type Tasks = Queues;
    type Objects = R2;
    type Http = Outgoing;
    type Provider<'a> = Kie<'a, Outgoing>;

    fn http(&self) -> &Outgoing {
        &Outgoing
    }

    fn store(&self) -> &Store<D1> {
        &self.store
    }

    fn tasks(&self) -> &Queues {
        &self.bindings.queues
    }

    fn objects(&self) -> &R2 {
        &self.bindings.r2
    }

    fn provider(&self, name: &str) -> Option<Kie<'_, Outgoing>> {
        (name == KIE).then_some(Kie { http: &Outgoing, settings: &self.config.kie })
    }

    fn settings(&self) -> &Settings {
        &self.config.settings
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

    fn note_key_use(&self, id: ApiKeyId) {
        // A request has one key.
        self.used_key.get_or_init(|| id);
    }

    fn warn(&self, message: &str, fields: &[(&str, &dyn Display)]) {
        log::warn(message, fields);
    }
}
