//! The configuration of `serve`: each option is an environment variable too, and `serve --help` is
//! their reference.

use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use clap::builder::{NonEmptyStringValueParser, RangedU64ValueParser};
use clap::{Args, value_parser};
use shared::address::AllowedHosts;
use shared::task::Pool;
use url::Url;

use crate::settings::Settings;

/// Most tasks at once; each holds several encoders.
const CONCURRENCY_MAX: u64 = 64;
/// Cloudflare's own limit: 12 hours.
/// Units: milliseconds.
const VISIBILITY_TIMEOUT_MS_MAX: u64 = 12 * 60 * 60 * 1_000;

/// A text that neither logs nor the help show.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The text, for the one call that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for Secret {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// Everything `serve` needs to know. Give secrets in the environment: other users of the machine
/// see command lines.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Base URL of the edge.
    #[arg(long, env, value_parser = parse_url)]
    pub edge_url: Url,
    /// Signs calls to the edge; the same secret is set there.
    #[arg(long, env, hide_env_values = true)]
    pub transcoder_secret: Secret,
    /// Private addresses that sources may come from, HOST:PORT separated by commas.
    #[arg(long, env, default_value = "", hide_default_value = true, value_parser = AllowedHosts::parse)]
    pub allowed_private_hosts: AllowedHosts,
    /// How long running tasks may go on after a stop signal, in seconds.
    #[arg(long, env, default_value_t = 10, value_parser = value_parser!(u64).range(0..=3_600))]
    pub shutdown_grace_s: u64,
    /// Longest attempt at a task, in seconds.
    #[arg(long, env, default_value_t = 3_600, value_parser = value_parser!(u64).range(1..=86_400))]
    pub job_timeout_s: u64,
    /// How long the edge may be silent before running tasks are given up, in seconds. Until then
    /// they go on and keep their results; another transcoder may take a task once its lease is
    /// over.
    #[arg(long, env, default_value_t = 900, value_parser = value_parser!(u64).range(1..=86_400))]
    pub edge_silence_s: u64,
    /// Where /health and /ready are served, HOST:PORT; port 0 takes a free one. A container needs
    /// 0.0.0.0.
    #[arg(long, env, default_value = "127.0.0.1:8080")]
    pub health_addr: SocketAddr,
    /// The queues.
    #[command(flatten)]
    pub queues: QueueSettings,
    /// The bucket.
    #[command(flatten)]
    pub bucket: BucketConfig,
    /// Programs and models.
    #[command(flatten)]
    pub settings: Settings,
}

/// The queues and the number of concurrent tasks of each.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Queues")]
pub struct QueueSettings {
    /// Cloudflare account of the queues.
    #[arg(long, env, value_parser = NonEmptyStringValueParser::new())]
    cloudflare_account_id: String,
    /// Token that may read and write the queues.
    #[arg(long, env, hide_env_values = true)]
    queue_api_token: Secret,
    /// Base URL of the queues' API.
    #[arg(long, env, default_value = "https://api.cloudflare.com/client/v4", value_parser = parse_url)]
    queue_api_url: Url,
    /// Queue of light tasks; needed unless `CONCURRENCY` is 0.
    #[arg(long, env)]
    queue_id: Option<String>,
    /// Queue of heavy tasks; needed unless `HEAVY_CONCURRENCY` is 0.
    #[arg(long, env)]
    heavy_queue_id: Option<String>,
    /// Light tasks at once; 0 leaves them to other transcoders.
    #[arg(long, env, default_value_t = 1, value_parser = RangedU64ValueParser::<usize>::new().range(0..=CONCURRENCY_MAX))]
    concurrency: usize,
    /// Heavy tasks at once; 0 leaves them to other transcoders.
    #[arg(long, env, default_value_t = 1, value_parser = RangedU64ValueParser::<usize>::new().range(0..=CONCURRENCY_MAX))]
    heavy_concurrency: usize,
    /// How long a pulled message stays invisible to other transcoders, in milliseconds; longer than
    /// the edge's `LEASE_DURATION_MS`.
    #[arg(long, env, default_value_t = 150_000, value_parser = value_parser!(u64).range(1_000..=VISIBILITY_TIMEOUT_MS_MAX))]
    visibility_timeout_ms: u64,
    /// Pause after an empty pull, in milliseconds.
    #[arg(long, env, default_value_t = 1_000, value_parser = value_parser!(u64).range(10..=600_000))]
    pub poll_interval_ms: u64,
}

/// The bucket of uploads and outputs.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Bucket")]
pub struct BucketConfig {
    /// S3 endpoint without the bucket; may have a path of its own.
    #[arg(long = "r2-s3-endpoint", id = "R2_S3_ENDPOINT", env = "R2_S3_ENDPOINT", value_parser = parse_url)]
    pub endpoint: Url,
    /// Name of the bucket.
    #[arg(long = "r2-bucket-name", id = "R2_BUCKET_NAME", env = "R2_BUCKET_NAME", value_parser = NonEmptyStringValueParser::new())]
    pub name: String,
    /// Access key of the bucket.
    #[arg(long = "r2-access-key-id", id = "R2_ACCESS_KEY_ID", env = "R2_ACCESS_KEY_ID", hide_env_values = true)]
    pub access_key_id: String,
    /// Secret of that access key.
    #[arg(long = "r2-secret-access-key", id = "R2_SECRET_ACCESS_KEY", env = "R2_SECRET_ACCESS_KEY", hide_env_values = true)]
    pub secret_access_key: Secret,
}

/// The queue of one pool.
#[derive(Debug, Clone)]
pub struct QueueConfig {
    /// `{api}/accounts/{account}/queues/{queue}/messages`
    pub messages_url: String,
    /// Bearer token that may read and write the queue.
    pub token: Secret,
    /// How long a pulled message stays invisible to others.
    pub visibility_timeout_ms: u64,
}

/// The slots for one kind of task.
#[derive(Debug, Clone)]
pub struct PoolConfig {
    /// The kind of its tasks.
    pub pool: Pool,
    /// Where its tasks come from.
    pub queue: QueueConfig,
    /// Tasks at once.
    pub concurrency: usize,
}

/// Invalid combinations of options.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", problems.join("\n  "))]
pub struct ConfigError {
    problems: Vec<String>,
}

impl Config {
    /// The pools that have slots; at least one.
    pub fn pools(&self) -> Result<Vec<PoolConfig>, ConfigError> {
        let queues = &self.queues;
        let base =
            format!("{}/accounts/{}/queues", queues.queue_api_url.as_str().trim_end_matches('/'), queues.cloudflare_account_id);
        let (mut pools, mut problems) = (Vec::new(), Vec::new());
        for (pool, id, name, concurrency, slots) in [
            (Pool::Light, &queues.queue_id, "QUEUE_ID", queues.concurrency, "CONCURRENCY"),
            (Pool::Heavy, &queues.heavy_queue_id, "HEAVY_QUEUE_ID", queues.heavy_concurrency, "HEAVY_CONCURRENCY"),
        ] {
            match id {
                _ if concurrency == 0 => {}
                None => problems.push(format!("{name} is missing; set it, or set {slots} to 0")),
                Some(id) => {
                    let messages_url = format!("{base}/{id}/messages");
                    let (token, visibility_timeout_ms) = (queues.queue_api_token.clone(), queues.visibility_timeout_ms);
                    pools.push(PoolConfig {
                        pool,
                        queue: QueueConfig { messages_url, token, visibility_timeout_ms },
                        concurrency,
                    });
                }
            }
        }
        if pools.is_empty() && problems.is_empty() {
            problems.push("CONCURRENCY and HEAVY_CONCURRENCY are both 0; set one of them to 1 or more".to_owned());
        }
        if problems.is_empty() { Ok(pools) } else { Err(ConfigError { problems }) }
    }
}

fn parse_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    url.ok_or_else(|| "must be an http or https URL".to_owned())
}

#[cfg(test)]
impl Secret {
    /// A secret as a test wants it.
    pub fn for_test(text: &str) -> Self {
        Self(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Serve {
        #[command(flatten)]
        config: Config,
    }

    const COMPLETE: [(&str, &str); 11] = [
        ("edge-url", "http://127.0.0.1:8787"),
        ("r2-s3-endpoint", "http://localhost:8787/cdn-cgi/local/r2/s3"),
        ("queue-api-url", "http://127.0.0.1:8787/client/v4/"),
        ("cloudflare-account-id", "acc"),
        ("queue-id", "q"),
        ("heavy-queue-id", "h"),
        ("transcoder-secret", "hush"),
        ("queue-api-token", "hush"),
        ("r2-secret-access-key", "hush"),
        ("r2-access-key-id", "id"),
        ("r2-bucket-name", "bgless"),
    ];

    /// The complete configuration with these options instead; an empty value leaves one out.
    fn with(changes: &[(&str, &str)]) -> Result<Config, String> {
        let mut options: std::collections::BTreeMap<_, _> = COMPLETE.into_iter().collect();
        options.extend(changes.iter().copied());
        options.retain(|_, value| !value.is_empty());
        let arguments = options.iter().map(|(name, value)| format!("--{name}={value}"));
        let config = Serve::try_parse_from(std::iter::once("serve".to_owned()).chain(arguments)).map(|serve| serve.config);
        config.map_err(|error| error.to_string())
    }

    #[test]
    fn a_complete_configuration_is_read_and_its_secrets_are_not_shown() {
        let config = with(&[]).unwrap();
        let pools = config.pools().unwrap();
        let [light, heavy] = &pools[..] else { panic!("{pools:?}") };
        assert_eq!(light.queue.messages_url, "http://127.0.0.1:8787/client/v4/accounts/acc/queues/q/messages");
        assert_eq!(heavy.queue.messages_url, "http://127.0.0.1:8787/client/v4/accounts/acc/queues/h/messages");
        assert_eq!((light.concurrency, heavy.concurrency, light.queue.visibility_timeout_ms), (1, 1, 150_000));
        assert!(!format!("{config:?} {pools:?}").contains("hush"), "{config:?}");
    }

    #[test]
    fn a_pool_without_slots_needs_no_queue_and_one_pool_must_have_some() {
        let pools = |light, heavy, queue_id, heavy_queue_id| {
            let slots = [("concurrency", light), ("heavy-concurrency", heavy)];
            let ids = [("queue-id", queue_id), ("heavy-queue-id", heavy_queue_id)];
            let config = with(&[slots, ids].concat()).unwrap();
            let pools = config.pools().map_err(|error| error.to_string());
            pools.map(|pools| pools.iter().map(|pool| (pool.pool, pool.concurrency)).collect::<Vec<_>>())
        };
        assert_eq!(pools("3", "0", "q", "").unwrap(), [(Pool::Light, 3)]);
        assert_eq!(pools("0", "2", "", "h").unwrap(), [(Pool::Heavy, 2)]);
        assert!(pools("0", "0", "q", "h").unwrap_err().contains("both 0"));
        let missing = pools("1", "1", "", "").unwrap_err();
        assert!(missing.contains("QUEUE_ID is missing") && missing.contains("HEAVY_QUEUE_ID is missing"), "{missing}");
    }

    #[test]
    fn wrong_forms_are_refused() {
        for (name, value) in [
            ("edge-url", "ftp://a"),
            ("health-addr", "here"),
            ("allowed-private-hosts", "localhost"),
            ("concurrency", "-1"),
            ("concurrency", "65"),
            ("job-timeout-s", "-1"),
            ("matting-providers", "abacus"),
            ("matting-threads", "0"),
        ] {
            let error = with(&[(name, value)]).unwrap_err();
            assert!(error.contains(name), "{error}");
        }
    }
}
