//! Ports for tests: real SQL on in-memory SQLite; queue, bucket, clock and random numbers in
//! memory.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt::Display;

use shared::address::AllowedHosts;
use shared::id::ApiKeyId;
use shared::task::{Pool, TranscodeTask};
use shared::time::UnixMillis;
use url::Url;

use super::ports::{
    ByteSource, Creation, Found, GenerationUrls, HttpAnswer, HttpRequest, HttpSender, Objects, Ports, Provider, ProviderWake,
    SendingRate, Settings, TaskQueue,
};
use crate::domain::error::Error;
use crate::domain::generation::GenerationRequest;
use crate::domain::model::PortraitMaker;
use crate::domain::presign::Bucket;
use crate::domain::rate::RateLimits;
use crate::domain::webhook::EventId;
use crate::store::Store;
use crate::store::sqlite::Sqlite;

pub struct FakePorts {
    pub store: Store<Sqlite>,
    pub tasks: FakeQueue,
    pub objects: FakeObjects,
    pub http: FakeHttp,
    pub provider: FakeProvider,
    pub settings: Settings,
    now_ms: Cell<u64>,
    rolls: Cell<u64>,
    pub warnings: RefCell<Vec<String>>,
    /// The number of pauses so far.
    pub pauses: Cell<u32>,
    /// The pause during which all jobs end, counted from 1.
    pub ends_at_pause: Cell<u32>,
    pub used_key: Cell<Option<ApiKeyId>>,
}

/// Keeps what was sent, unless it is out of order.
#[derive(Default)]
pub struct FakeQueue {
    pub sent: RefCell<Vec<TranscodeTask>>,
    /// Those of the heavy pool.
    pub sent_heavy: RefCell<Vec<TranscodeTask>>,
    /// The delays of all those, in milliseconds.
    pub delays_ms: RefCell<Vec<u64>>,
    pub woken: RefCell<Vec<(EventId, u64)>>,
    pub orders: RefCell<Vec<(ProviderWake, u64)>>,
    pub broken: Cell<bool>,
}

#[derive(Default)]
pub struct FakeObjects {
    /// By key.
    pub sizes: RefCell<HashMap<String, u64>>,
    /// The key of an object whose removal fails.
    pub unremovable: RefCell<Option<String>>,
}

impl FakePorts {
    pub fn new() -> Self {
        Self {
            store: Store(Sqlite::new()),
            tasks: FakeQueue::default(),
            objects: FakeObjects::default(),
            http: FakeHttp::default(),
            provider: FakeProvider::default(),
            settings: Settings {
                public_base_url: "https://api.example.com".into(),
                bucket: Bucket {
                    s3_endpoint: Url::parse("https://s3.example.com").unwrap(),
                    name: "bgless".into(),
                    access_key_id: "id".into(),
                    secret_access_key: "secret".into(),
                },
                file_url_secret: b"file secret".to_vec(),
                transcoder_secret: b"transcoder secret".to_vec(),
                admin_token: "token".into(),
                allowed_hosts: AllowedHosts::default(),
                lease_duration_ms: 60_000,
                secret_box_key: [7; 32],
                webhook_retry_s: vec![5, 30],
                source_retention_ms: 7 * 24 * 60 * 60 * 1_000,
                output_retention_ms: 30 * 24 * 60 * 60 * 1_000,
                rate_limits: RateLimits { requests: 600, submissions: 30 },
                provider_poll_s: vec![10, 60],
                provider_timeout_ms: 30 * 60 * 1_000,
                portrait_maker: PortraitMaker::Any,
            },
            now_ms: Cell::new(1_763_750_000_000),
            rolls: Cell::new(0),
            warnings: RefCell::default(),
            pauses: Cell::default(),
            ends_at_pause: Cell::default(),
            used_key: Cell::default(),
        }
    }

    pub fn sqlite(&self) -> &Sqlite {
        &self.store.0
    }

    pub fn pass_ms(&self, duration_ms: u64) {
        self.now_ms.set(self.now_ms.get() + duration_ms);
    }
}

impl Ports for FakePorts {
    type Store = Store<Sqlite>;
    type Tasks = FakeQueue;
    type Objects = FakeObjects;
    type Http = FakeHttp;
    type Provider<'a> = &'a FakeProvider;

    fn http(&self) -> &FakeHttp {
        &self.http
    }

    fn store(&self) -> &Store<Sqlite> {
        &self.store
    }

    fn tasks(&self) -> &FakeQueue {
        &self.tasks
    }

    fn objects(&self) -> &FakeObjects {
        &self.objects
    }

    fn provider(&self, name: &str) -> Option<&FakeProvider> {
        (name == "kie").then_some(&self.provider)
    }

    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn now(&self) -> UnixMillis {
        UnixMillis::new(self.now_ms.get())
    }

    fn random_bytes(&self) -> [u8; 32] {
        self.rolls.set(self.rolls.get() + 1);
        let mut bytes = [0; 32];
        bytes[8..16].copy_from_slice(&self.rolls.get().to_be_bytes());
        bytes
    }

    async fn pause(&self, duration_ms: u64) {
        self.pass_ms(duration_ms);
        self.pauses.set(self.pauses.get() + 1);
        if self.pauses.get() == self.ends_at_pause.get() {
            self.sqlite().execute("UPDATE jobs SET state = 'failed'").unwrap();
        }
    }

    fn note_key_use(&self, id: ApiKeyId) {
        self.used_key.set(Some(id));
    }

    fn warn(&self, message: &str, _fields: &[(&str, &dyn Display)]) {
        self.warnings.borrow_mut().push(message.to_owned());
    }
}

impl TaskQueue for FakeQueue {
    async fn send(&self, pool: Pool, tasks: &[TranscodeTask], delay_ms: u64) -> Result<(), Error> {
        if self.broken.get() {
            return Err(Error::Internal("the queue is out of order".into()));
        }
        let sent = match pool {
            Pool::Light => &self.sent,
            Pool::Heavy => &self.sent_heavy,
        };
        sent.borrow_mut().extend_from_slice(tasks);
        self.delays_ms.borrow_mut().extend(tasks.iter().map(|_| delay_ms));
        Ok(())
    }

    async fn wake_sender(&self, ids: &[EventId], delay_ms: u64) -> Result<(), Error> {
        if self.broken.get() {
            return Err(Error::Internal("the queue is out of order".into()));
        }
        self.woken.borrow_mut().extend(ids.iter().map(|id| (*id, delay_ms)));
        Ok(())
    }

    async fn wake_provider(&self, wakes: &[ProviderWake], delay_ms: u64) -> Result<(), Error> {
        if self.broken.get() {
            return Err(Error::Internal("the queue is out of order".into()));
        }
        self.orders.borrow_mut().extend(wakes.iter().map(|wake| (wake.clone(), delay_ms)));
        Ok(())
    }
}

/// Answers in turn, and keeps what it was sent.
#[derive(Default)]
pub struct FakeProvider {
    pub unavailable: Cell<bool>,
    pub creations: RefCell<Vec<Creation>>,
    pub findings: RefCell<Vec<Found>>,
    /// Each order with its files' addresses, and where it calls back.
    pub created: RefCell<Vec<(GenerationRequest, GenerationUrls, String)>>,
    pub polled: RefCell<Vec<String>>,
}

impl Provider for &FakeProvider {
    fn unavailable(&self) -> Option<&'static str> {
        self.unavailable.get().then_some("No key.")
    }

    fn rate(&self) -> SendingRate {
        SendingRate { count_max: 2, window_ms: 10_000 }
    }

    async fn create(&self, request: &GenerationRequest, urls: &GenerationUrls, callback_url: &str) -> Creation {
        self.created.borrow_mut().push((request.clone(), urls.clone(), callback_url.to_owned()));
        self.creations.borrow_mut().remove(0)
    }

    async fn find(&self, task_id: &str) -> Found {
        self.polled.borrow_mut().push(task_id.to_owned());
        self.findings.borrow_mut().remove(0)
    }
}

/// Headers and body.
type Post = (Vec<(&'static str, String)>, String);

/// Answers in turn, and keeps what it was sent.
#[derive(Default)]
pub struct FakeHttp {
    pub answers: RefCell<Vec<Result<u16, String>>>,
    pub posts: RefCell<Vec<Post>>,
}

impl HttpSender for FakeHttp {
    async fn exchange(&self, _request: &HttpRequest) -> Result<HttpAnswer, String> {
        Err("nobody is there".into())
    }

    async fn post(&self, _url: &str, headers: &[(&'static str, String)], body: &str, _timeout_ms: u64) -> Result<u16, String> {
        self.posts.borrow_mut().push((headers.to_vec(), body.to_owned()));
        self.answers.borrow_mut().remove(0)
    }
}

impl Objects for FakeObjects {
    async fn find_size_bytes(&self, object_key: &str) -> Result<Option<u64>, Error> {
        Ok(self.sizes.borrow().get(object_key).copied())
    }

    async fn store(&self, object_key: &str, _content_type: &str, bytes: &mut impl ByteSource) -> Result<u64, Error> {
        let mut size_bytes = 0;
        while let Some(chunk) = bytes.next().await? {
            size_bytes += chunk.len() as u64;
        }
        if size_bytes > 0 {
            self.sizes.borrow_mut().insert(object_key.to_owned(), size_bytes);
        }
        Ok(size_bytes)
    }

    async fn remove(&self, object_key: &str) -> Result<(), Error> {
        if self.unremovable.borrow().as_deref() == Some(object_key) {
            return Err(Error::Internal("the bucket is out of order".into()));
        }
        self.sizes.borrow_mut().remove(object_key);
        Ok(())
    }

    async fn remove_below(&self, prefix: &str) -> Result<(), Error> {
        self.sizes.borrow_mut().retain(|key, _| !key.starts_with(prefix));
        Ok(())
    }
}
