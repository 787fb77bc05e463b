//! The bindings of `wrangler.toml`, looked up once per isolate: each look-up costs several calls,
//! and the environment of an isolate never changes.

use std::sync::OnceLock;

use worker::{D1Database, Env, ObjectNamespace, Result};

use super::queue::Queues;
use super::r2::R2;
use crate::config;

/// Every binding.
pub struct Bindings {
    pub database: D1Database,
    pub queues: Queues,
    pub r2: R2,
    pub rate_limiter: ObjectNamespace,
}

impl Bindings {
    /// Errors: names the binding that is missing or of another kind.
    pub fn of(env: &Env) -> Result<&'static Self> {
        static BINDINGS: OnceLock<Bindings> = OnceLock::new();
        if let Some(bindings) = BINDINGS.get() {
            return Ok(bindings);
        }
        let bindings = Self {
            database: env.d1(config::DATABASE)?,
            queues: Queues {
                transcode: env.queue(config::TRANSCODE_QUEUE)?,
                transcode_heavy: env.queue(config::TRANSCODE_HEAVY_QUEUE)?,
                webhook: env.queue(config::WEBHOOK_QUEUE)?,
                provider: env.queue(config::PROVIDER_QUEUE)?,
            },
            r2: R2::new(env.bucket(config::BUCKET)?),
            rate_limiter: env.durable_object(config::RATE_LIMITER)?,
        };
        Ok(BINDINGS.get_or_init(|| bindings))
    }
}
