//! The environment, read once. One error names every variable that is missing or wrong.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use shared::address::AllowedHosts;
use shared::task::Pool;
use url::Url;

use crate::engine::Programs;
use crate::matte::models::{Catalog, Limits, Providers};

const QUEUE_API_URL_DEFAULT: &str = "https://api.cloudflare.com/client/v4";
/// Tasks at once, at most; each holds several encoders.
const CONCURRENCY_MAX: usize = 64;
/// Cloudflare's own limit.
/// Units: milliseconds. 12 hours.
const VISIBILITY_TIMEOUT_MS_MAX: u64 = 12 * 60 * 60 * 1_000;

/// How long a model may take for one frame, unless the operator says otherwise.
/// Units: milliseconds.
const FRAME_MS_MAX: u64 = 30_000;

/// More than any machine has.
const THREADS_MAX: usize = 1_024;

/// A text that no log may show.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The text, for the one call that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
impl Secret {
    /// A secret as a test wants it.
    pub fn for_test(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// Where tasks come from.
#[derive(Debug, Clone)]
pub struct QueueConfig {
    /// `{api}/accounts/{account}/queues/{queue}/messages`
    pub messages_url: String,
    /// Bearer token with queues read and write.
    pub token: Secret,
    /// How long a pulled message stays invisible to others.
    pub visibility_timeout_ms: u64,
}

/// The slots for one kind of work.
#[derive(Debug, Clone)]
pub struct PoolConfig {
    /// Which kind.
    pub pool: Pool,
    /// Where its tasks come from.
    pub queue: QueueConfig,
    /// Tasks at once.
    pub concurrency: usize,
}

/// Where bytes live.
#[derive(Debug, Clone)]
pub struct BucketConfig {
    /// S3 endpoint, without the bucket; may have a path of its own.
    pub endpoint: Url,
    /// Bucket.
    pub name: String,
    /// Key id.
    pub access_key_id: String,
    /// Key.
    pub secret_access_key: Secret,
}

/// Everything `serve` needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// Base URL of the edge.
    pub edge_url: Url,
    /// Signs calls to the edge.
    pub transcoder_secret: Secret,
    /// Where tasks come from; never empty.
    pub pools: Vec<PoolConfig>,
    /// Where bytes live.
    pub bucket: BucketConfig,
    /// Private addresses that sources may come from.
    pub allowed_hosts: AllowedHosts,
    /// Pause after an empty pull.
    pub poll_interval: Duration,
    /// How long running tasks may go on after a stop signal.
    pub shutdown_grace: Duration,
    /// Where temporary folders go.
    pub scratch_dir: PathBuf,
    /// Where health is served; port 0 takes a free one.
    pub health_addr: SocketAddr,
    /// Longest attempt.
    pub job_timeout: Duration,
    /// ffmpeg and ffprobe.
    pub programs: Programs,
    /// The operator's matting models.
    pub models: MattingConfig,
}

/// Where matting models are, and how they are run.
#[derive(Debug, Clone)]
pub struct MattingConfig {
    /// Folders, or model files.
    pub paths: Vec<PathBuf>,
    /// How they are run.
    pub limits: Limits,
}

impl MattingConfig {
    /// Reads the process's environment, for commands that read nothing else of it.
    pub fn from_env() -> Result<Self, ConfigError> {
        let mut reader = Reader { lookup: |name: &str| std::env::var(name).ok(), problems: Vec::new() };
        let config = Self::read(&mut reader);
        if reader.problems.is_empty() { Ok(config) } else { Err(ConfigError { problems: reader.problems }) }
    }

    fn read<L: Fn(&str) -> Option<String>>(reader: &mut Reader<L>) -> Self {
        let paths = reader.optional("MATTING_MODELS").unwrap_or_default();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            paths: std::env::split_paths(&paths).filter(|path| !path.as_os_str().is_empty()).collect(),
            limits: Limits {
                frame: Duration::from_millis(reader.number("MATTING_FRAME_MS_MAX", FRAME_MS_MAX, 1..=FRAME_MS_MAX * 20)),
                providers: reader.parsed("MATTING_PROVIDERS", "cpu", &Providers::form()),
                threads: reader.number("MATTING_THREADS", cores.min(THREADS_MAX), 1..=THREADS_MAX),
            },
        }
    }

    /// Reads what the operator says of each model.
    #[must_use]
    pub fn catalog(&self) -> Arc<Catalog> {
        Arc::new(Catalog::read(self.paths.clone(), &self.limits))
    }
}

/// What is wrong with the environment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment is not complete:\n  {}", problems.join("\n  "))]
pub struct ConfigError {
    problems: Vec<String>,
}

impl Config {
    /// Reads the process's environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut reader = Reader { lookup, problems: Vec::new() };
        let api_url: String = reader.url("QUEUE_API_URL", Some(QUEUE_API_URL_DEFAULT)).map_or_else(String::new, Into::into);
        let queues_url =
            format!("{}/accounts/{}/queues", api_url.trim_end_matches('/'), reader.required("CLOUDFLARE_ACCOUNT_ID"));
        let edge_url = reader.url("EDGE_URL", None);
        let endpoint = reader.url("R2_S3_ENDPOINT", None);
        let config = Self {
            transcoder_secret: Secret(reader.required("TRANSCODER_SECRET")),
            pools: PoolConfig::read_all(&mut reader, &queues_url),
            poll_interval: Duration::from_millis(reader.number("POLL_INTERVAL_MS", 1_000, 10..=600_000)),
            shutdown_grace: Duration::from_secs(reader.number("SHUTDOWN_GRACE_S", 10, 0..=3_600)),
            job_timeout: Duration::from_secs(reader.number("JOB_TIMEOUT_S", 3_600, 1..=86_400)),
            health_addr: reader.parsed("HEALTH_ADDR", "127.0.0.1:8080", "HOST:PORT"),
            allowed_hosts: reader.parsed("ALLOWED_PRIVATE_HOSTS", "", "a list of HOST:PORT"),
            scratch_dir: reader.optional("SCRATCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from),
            models: MattingConfig::read(&mut reader),
            programs: Programs { ffmpeg: reader.or("FFMPEG", "ffmpeg"), ffprobe: reader.or("FFPROBE", "ffprobe") },
            bucket: BucketConfig {
                name: reader.required("R2_BUCKET_NAME"),
                access_key_id: reader.required("R2_ACCESS_KEY_ID"),
                secret_access_key: Secret(reader.required("R2_SECRET_ACCESS_KEY")),
                endpoint: endpoint.clone().unwrap_or_else(placeholder),
            },
            edge_url: edge_url.unwrap_or_else(placeholder),
        };
        if reader.problems.is_empty() { Ok(config) } else { Err(ConfigError { problems: reader.problems }) }
    }
}

/// Stands where a URL was refused: the reader goes on, so that all problems are told at once.
fn placeholder() -> Url {
    Url::from_directory_path("/").unwrap_or_else(|()| unreachable!("the root is absolute"))
}

impl PoolConfig {
    fn read_all<L: Fn(&str) -> Option<String>>(reader: &mut Reader<L>, queues_url: &str) -> Vec<Self> {
        let token = Secret(reader.required("QUEUE_API_TOKEN"));
        let visibility_timeout_ms = reader.number("VISIBILITY_TIMEOUT_MS", 90_000, 1_000..=VISIBILITY_TIMEOUT_MS_MAX);
        let mut pools = Vec::new();
        for (pool, id, slots) in [(Pool::Light, "QUEUE_ID", "CONCURRENCY"), (Pool::Heavy, "HEAVY_QUEUE_ID", "HEAVY_CONCURRENCY")]
        {
            let concurrency = reader.number(slots, 1, 0..=CONCURRENCY_MAX);
            if concurrency > 0 {
                let messages_url = format!("{queues_url}/{}/messages", reader.required(id));
                let queue = QueueConfig { messages_url, token: token.clone(), visibility_timeout_ms };
                pools.push(Self { pool, queue, concurrency });
            }
        }
        if pools.is_empty() {
            reader.problems.push("CONCURRENCY and HEAVY_CONCURRENCY are both 0".to_owned());
        }
        pools
    }
}

struct Reader<L> {
    lookup: L,
    problems: Vec<String>,
}

impl<L: Fn(&str) -> Option<String>> Reader<L> {
    fn optional(&self, name: &str) -> Option<String> {
        (self.lookup)(name).filter(|value| !value.trim().is_empty())
    }

    fn or(&self, name: &str, default: &str) -> String {
        self.optional(name).unwrap_or_else(|| default.to_owned())
    }

    fn required(&mut self, name: &str) -> String {
        self.optional(name).unwrap_or_else(|| {
            self.problems.push(format!("{name} is missing"));
            String::new()
        })
    }

    fn url(&mut self, name: &str, default: Option<&str>) -> Option<Url> {
        let text = match default {
            Some(default) => self.or(name, default),
            None => self.required(name),
        };
        let url = Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        if url.is_none() && !text.is_empty() {
            self.problems.push(format!("{name} is not an http or https URL"));
        }
        url
    }

    fn number<T>(&mut self, name: &str, default: T, range: std::ops::RangeInclusive<T>) -> T
    where
        T: FromStr + PartialOrd + fmt::Display + Copy,
    {
        let Some(text) = self.optional(name) else { return default };
        match text.trim().parse() {
            Ok(number) if range.contains(&number) => number,
            _ => {
                self.problems.push(format!("{name} is not a number from {} to {}", range.start(), range.end()));
                default
            }
        }
    }

    fn parsed<T: Parsed>(&mut self, name: &str, default: &str, form: &str) -> T {
        T::read(&self.or(name, default)).unwrap_or_else(|| {
            self.problems.push(format!("{name} is not {form}"));
            T::read(default).unwrap_or_else(|| unreachable!("defaults parse"))
        })
    }
}

trait Parsed: Sized {
    fn read(text: &str) -> Option<Self>;
}

impl Parsed for SocketAddr {
    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Parsed for Providers {
    fn read(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl Parsed for AllowedHosts {
    fn read(text: &str) -> Option<Self> {
        Self::parse(text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete(name: &str) -> Option<String> {
        Some(
            match name {
                "EDGE_URL" => "http://127.0.0.1:8787",
                "R2_S3_ENDPOINT" => "http://localhost:8787/cdn-cgi/local/r2/s3",
                "QUEUE_API_URL" => "http://127.0.0.1:8787/client/v4/",
                "CLOUDFLARE_ACCOUNT_ID" => "acc",
                "QUEUE_ID" => "q",
                "HEAVY_QUEUE_ID" => "h",
                "TRANSCODER_SECRET" | "QUEUE_API_TOKEN" | "R2_SECRET_ACCESS_KEY" => "hush",
                "R2_ACCESS_KEY_ID" => "id",
                "R2_BUCKET_NAME" => "bgless",
                _ => return None,
            }
            .to_owned(),
        )
    }

    #[test]
    fn every_missing_and_wrong_variable_is_named_at_once() {
        let error = Config::from_lookup(|name| (name == "CONCURRENCY").then(|| "many".to_owned())).unwrap_err();
        let text = error.to_string();
        for name in [
            "EDGE_URL",
            "TRANSCODER_SECRET",
            "CLOUDFLARE_ACCOUNT_ID",
            "QUEUE_ID",
            "HEAVY_QUEUE_ID",
            "QUEUE_API_TOKEN",
            "R2_S3_ENDPOINT",
            "R2_BUCKET_NAME",
            "R2_ACCESS_KEY_ID",
            "R2_SECRET_ACCESS_KEY",
            "CONCURRENCY",
        ] {
            assert!(text.contains(name), "{name}: {text}");
        }
        assert_eq!(error.problems.len(), 11, "{text}");
    }

    #[test]
    fn a_complete_environment_is_read_and_its_secrets_are_not_shown() {
        let config = Config::from_lookup(complete).unwrap();
        let [light, heavy] = &config.pools[..] else { panic!("{:?}", config.pools) };
        assert_eq!(light.queue.messages_url, "http://127.0.0.1:8787/client/v4/accounts/acc/queues/q/messages");
        assert_eq!(heavy.queue.messages_url, "http://127.0.0.1:8787/client/v4/accounts/acc/queues/h/messages");
        assert_eq!((light.concurrency, heavy.concurrency, light.queue.visibility_timeout_ms), (1, 1, 90_000));
        assert!(!format!("{config:?}").contains("hush"), "{config:?}");
    }

    #[test]
    fn a_pool_without_slots_needs_no_queue_and_one_pool_must_have_some() {
        let with = |light: &'static str, heavy: &'static str| {
            Config::from_lookup(move |name| match name {
                "CONCURRENCY" => Some(light.to_owned()),
                "HEAVY_CONCURRENCY" => Some(heavy.to_owned()),
                "QUEUE_ID" if light == "0" => None,
                "HEAVY_QUEUE_ID" if heavy == "0" => None,
                name => complete(name),
            })
        };
        let slots = |config: Config| config.pools.iter().map(|pool| (pool.pool, pool.concurrency)).collect::<Vec<_>>();
        assert_eq!(slots(with("3", "0").unwrap()), [(Pool::Light, 3)]);
        assert_eq!(slots(with("0", "2").unwrap()), [(Pool::Heavy, 2)]);
        assert!(with("0", "0").unwrap_err().to_string().contains("both 0"));
    }

    #[test]
    fn wrong_forms_are_refused() {
        for (name, value) in [
            ("EDGE_URL", "ftp://a"),
            ("HEALTH_ADDR", "here"),
            ("ALLOWED_PRIVATE_HOSTS", "localhost"),
            ("CONCURRENCY", "-1"),
            ("JOB_TIMEOUT_S", "-1"),
            ("MATTING_PROVIDERS", "abacus"),
            ("MATTING_THREADS", "0"),
        ] {
            let lookup = |asked: &str| if asked == name { Some(value.to_owned()) } else { complete(asked) };
            let error = Config::from_lookup(lookup).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
