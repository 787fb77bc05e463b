//! The real ports, put together for one event.

use std::fmt::Display;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock};

use axum::body::Body;
use http::Request;
use shared::id::ApiKeyId;
use shared::time::UnixMillis;
use worker::Env;

use crate::app::admission::Admission;
use crate::app::ports::{Ports, Settings};
use crate::config::Config;
use crate::dialect::rate_limit;
use crate::domain::model::KIE;
use crate::platform::bindings::Bindings;
use crate::platform::http::Outgoing;
use crate::platform::queue::Queues;
use crate::platform::r2::R2;
use crate::platform::{clock, log, rate_limiter};
use crate::provider::kie::{Kie, KieSettings};
use crate::store::Store;
use crate::store::database::D1;

/// What the use cases are given in production.
pub struct Deps {
    store: Store<D1>,
    bindings: &'static Bindings,
    config: Arc<Config>,
    /// Whether the request may go on.
    pub admission: Admission,
    used_key: OnceLock<ApiKeyId>,
}

impl Deps {
    /// For an event that no client caused.
    pub fn of_event(env: &Env) -> worker::Result<Self> {
        Self::new(env, Config::read(env)?, Admission::granted())
    }

    /// For a request, which begins to be counted here.
    pub fn of_request(env: &Env, request: &Request<Body>) -> worker::Result<Self> {
        let config = Config::read(env)?;
        let path = request.uri().path();
        let admission = match rate_limit::names(path, request.headers()) {
            Some(names) => {
                let kind = rate_limit::kind(request.method(), path);
                rate_limiter::ask(&Bindings::of(env)?.rate_limiter, config.settings.rate_limits, kind, names)
            }
            None => Admission::granted(),
        };
        Self::new(env, config, admission)
    }

    fn new(env: &Env, config: Arc<Config>, admission: Admission) -> worker::Result<Self> {
        let bindings = Bindings::of(env)?;
        Ok(Self {
            store: Store(D1 { database: &bindings.database, round_trips: AtomicU32::new(0), admission: admission.clone() }),
            bindings,
            config,
            admission,
            used_key: OnceLock::new(),
        })
    }

    /// What the operator says of KIE.
    pub fn kie(&self) -> &KieSettings {
        &self.config.kie
    }

    /// How often this event has called the database.
    pub fn d1_round_trips(&self) -> u32 {
        self.store.0.round_trips.load(Relaxed)
    }

    /// The key whose use is to be written down.
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
        // A request has one key; a second note of it changes nothing.
        self.used_key.get_or_init(|| id);
    }

    fn warn(&self, message: &str, fields: &[(&str, &dyn Display)]) {
        log::warn(message, fields);
    }
}
