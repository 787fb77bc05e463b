//! The environment, read once per isolate. Secrets are `wrangler secret`s; the rest are `vars` in
//! `wrangler.toml`.

use std::num::{NonZeroU32, NonZeroU64};
use std::sync::{Arc, OnceLock};

use shared::address::AllowedHosts;
use url::Url;
use worker::{Env, Error, Result};

use crate::app::ports::Settings;
use crate::domain::generation;
use crate::domain::presign::Bucket;
use crate::domain::rate::RateLimits;
use crate::domain::secret_box::BoxKey;
use crate::domain::webhook;
use crate::provider::kie::callback::Callbacks;
use crate::provider::kie::{self, KieSettings};

pub const DATABASE: &str = "DB";
pub const BUCKET: &str = "BUCKET";
pub const TRANSCODE_QUEUE: &str = "TRANSCODE_QUEUE";
pub const TRANSCODE_HEAVY_QUEUE: &str = "TRANSCODE_HEAVY_QUEUE";
pub const WEBHOOK_QUEUE: &str = "WEBHOOK_QUEUE";
pub const PROVIDER_QUEUE: &str = "PROVIDER_QUEUE";
pub const RATE_LIMITER: &str = "RATE_LIMITER";

/// Units: milliseconds.
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// Read once: the environment of an isolate never changes.
static CONFIG: OnceLock<Arc<Config>> = OnceLock::new();

/// The operator's settings.
pub struct Config {
    /// For the use cases.
    pub settings: Settings,
    pub kie: KieSettings,
}

impl Config {
    /// Errors: names the variable that is missing or cannot be read.
    pub fn read(env: &Env) -> Result<Arc<Self>> {
        if let Some(config) = CONFIG.get() {
            return Ok(config.clone());
        }
        let config = Arc::new(Self { settings: read_settings(env)?, kie: read_kie(env)? });
        Ok(CONFIG.get_or_init(|| config).clone())
    }
}

fn read_settings(env: &Env) -> Result<Settings> {
    Ok(Settings {
        public_base_url: parsed(env, "PUBLIC_BASE_URL", parse_origin)?,
        bucket: Bucket {
            s3_endpoint: parsed(env, "R2_S3_ENDPOINT", Url::parse)?,
            name: text(env, "R2_BUCKET_NAME")?,
            access_key_id: text(env, "R2_ACCESS_KEY_ID")?,
            secret_access_key: secret(env, "R2_SECRET_ACCESS_KEY")?,
        },
        file_url_secret: secret(env, "FILE_URL_SECRET")?.into_bytes(),
        transcoder_secret: secret(env, "TRANSCODER_SECRET")?.into_bytes(),
        admin_token: secret(env, "ADMIN_TOKEN")?,
        allowed_hosts: parsed(env, "ALLOWED_PRIVATE_HOSTS", AllowedHosts::parse)?,
        lease_duration_ms: parsed(env, "LEASE_DURATION_MS", str::parse::<NonZeroU64>)?.get(),
        secret_box_key: parsed(env, "SECRET_BOX_KEY", parse_box_key)?,
        source_retention_ms: parsed(env, "SOURCE_RETENTION_DAYS", str::parse::<u32>).map(|days| u64::from(days) * DAY_MS)?,
        output_retention_ms: parsed(env, "OUTPUT_RETENTION_DAYS", str::parse::<u32>).map(|days| u64::from(days) * DAY_MS)?,
        webhook_retry_s: parsed(env, "WEBHOOK_RETRY_S", |text| parse_pauses(text, &webhook::RETRY_PAUSES_S))?,
        provider_poll_s: parsed(env, "PROVIDER_POLL_S", |text| parse_pauses(text, &generation::POLL_PAUSES_S))?,
        provider_timeout_ms: parsed(env, "PROVIDER_TIMEOUT_S", str::parse::<NonZeroU32>).map(|s| u64::from(s.get()) * 1_000)?,
        portrait_maker: parsed(env, "VIDGEN_MODEL", str::parse)?,
        rate_limits: RateLimits {
            requests: parsed(env, "REQUESTS_PER_MINUTE", str::parse::<NonZeroU32>)?.get(),
            submissions: parsed(env, "SUBMISSIONS_PER_MINUTE", str::parse::<NonZeroU32>)?.get(),
        },
    })
}

fn read_kie(env: &Env) -> Result<KieSettings> {
    Ok(KieSettings {
        api_key: optional(env, "KIE_API_KEY"),
        base_url: parsed(env, "KIE_BASE_URL", kie::parse_base_url)?,
        callbacks: match (optional(env, "KIE_WEBHOOK_HMAC_KEY"), parsed(env, "KIE_UNSIGNED_CALLBACKS", str::parse)?) {
            (Some(key), _) => Callbacks::Signed(key.into_bytes()),
            (None, true) => Callbacks::Unsigned,
            (None, false) => Callbacks::Refused,
        },
    })
}

fn text(env: &Env, name: &str) -> Result<String> {
    env.var(name).map(|value| value.to_string()).map_err(|_| Error::RustError(format!("{name} is not set")))
}

/// A secret that must not be empty: with an empty one, anybody can sign.
fn secret(env: &Env, name: &str) -> Result<String> {
    let value = text(env, name)?;
    if value.is_empty() { Err(Error::RustError(format!("{name} is empty"))) } else { Ok(value) }
}

/// A secret that may be absent.
fn optional(env: &Env, name: &str) -> Option<String> {
    env.var(name).ok().map(|value| value.to_string()).filter(|value| !value.is_empty())
}

fn parsed<T, E: std::fmt::Display>(env: &Env, name: &str, parse: impl Fn(&str) -> std::result::Result<T, E>) -> Result<T> {
    parse(&text(env, name)?).map_err(|error| Error::RustError(format!("{name}: {error}")))
}

/// An origin without a path: file URLs are recognised by it.
fn parse_origin(text: &str) -> std::result::Result<String, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    let origin = url.origin().ascii_serialization();
    let bare = matches!(url.scheme(), "http" | "https") && url.path() == "/" && url.query().is_none();
    if bare { Ok(origin) } else { Err("must be like https://api.example.com, without a path".into()) }
}

fn parse_box_key(text: &str) -> std::result::Result<BoxKey, &'static str> {
    hex::decode(text).ok().and_then(|bytes| bytes.try_into().ok()).ok_or("must be 32 bytes as hex")
}

/// Reads `5,30,300`; an empty text is the documented schedule.
fn parse_pauses(text: &str, documented: &[u64]) -> std::result::Result<Vec<u64>, std::num::ParseIntError> {
    if text.is_empty() {
        return Ok(documented.into());
    }
    text.split(',').map(|pause| pause.trim().parse()).collect()
}
